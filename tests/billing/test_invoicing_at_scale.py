"""What a run sends to the database, and what it keeps in memory, do not grow with what is due."""

import tracemalloc

import pytest

from benchmarks.billing_data import AS_OF, fill
from billing.due import CHUNK
from billing.enums import BillingTrigger
from billing.invoicing import invoice_due
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.statements import noted

FIRST_OF_A_CHUNK = "WITH instalment AS MATERIALIZED"


@pytest.fixture(autouse=True)
def _legal_entity(db: None) -> None:
    ensure_legal_entity()


def chunks_of(*, due: int) -> list[int]:
    """Bills that many more; how many statements each chunk took."""
    fill(due=due, mixed=False)
    with noted() as statements:
        summary = invoice_due(as_of=AS_OF, trigger=BillingTrigger.COMMAND)
    assert summary.issued == due
    first = [place for place, sql in enumerate(statements) if FIRST_OF_A_CHUNK in sql]
    return [end - start for start, end in zip(first, [*first[1:], len(statements)], strict=True)]


def test_a_chunk_takes_the_same_statements_however_much_is_in_it() -> None:
    [few] = chunks_of(due=20)
    full, nothing_left = chunks_of(due=CHUNK)

    assert few == full - 1 + nothing_left  # after a full chunk it looks for a further one
    assert few <= 17


@pytest.mark.slow
def test_memory_of_three_chunks_is_that_of_one() -> None:
    peaks = []
    for due in (CHUNK, 3 * CHUNK):
        fill(due=due, mixed=True)
        tracemalloc.start()
        assert invoice_due(as_of=AS_OF, trigger=BillingTrigger.COMMAND).issued == due
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.1 * peaks[0]
