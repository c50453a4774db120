"""What a run keeps in memory does not grow with what is due."""

import tracemalloc

import pytest

from benchmarks.billing_data import AS_OF, fill
from billing.due import CHUNK
from billing.enums import BillingTrigger
from billing.invoicing import invoice_due
from tests.billing.builders import ensure_legal_entity


@pytest.mark.slow
@pytest.mark.django_db
def test_memory_of_three_chunks_is_that_of_one() -> None:
    ensure_legal_entity()
    peaks = []

    for due in (CHUNK, 3 * CHUNK):
        fill(due=due, mixed=True)
        tracemalloc.start()
        assert invoice_due(as_of=AS_OF, trigger=BillingTrigger.COMMAND).issued == due
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.1 * peaks[0]
