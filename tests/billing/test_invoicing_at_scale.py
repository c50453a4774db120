"""What a run keeps in memory does not grow with what is due."""

import tracemalloc

import pytest

import billing.schedules.due
from benchmarks.billing_data import AS_OF, fill
from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from tests.billing.builders import ensure_legal_entity

CHUNK = 1_000


@pytest.mark.slow
@pytest.mark.django_db
def test_memory_of_six_chunks_is_that_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two, since a chunk is there until the next one is read."""
    monkeypatch.setattr(billing.schedules.due, "CHUNK", CHUNK)
    ensure_legal_entity()
    peaks = []

    for due in (2 * CHUNK, 6 * CHUNK):
        fill(due=due, mixed=True)
        tracemalloc.start()
        assert invoice_due(as_of=AS_OF, trigger=BillingTrigger.COMMAND).issued == due
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.1 * peaks[0]
