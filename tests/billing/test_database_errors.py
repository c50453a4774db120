"""A refusal of the database stops one contract, or the run, as its SQLSTATE says (F21)."""

import pytest
from django.db import Error

from billing.enums import BillingRunState, BillingTrigger
from billing.issuing.invoicing import BillingSummary, invoice_due
from billing.models import BillingRun, Invoice
from contracts import transactions
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.refusals import DEAL, WHOSE_FAULT, refusing

pytestmark = pytest.mark.django_db

CONTRACTS = 100


def bill() -> BillingSummary:
    return invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE)


@pytest.fixture(autouse=True)
def _hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions.time, "sleep", lambda seconds: None)
    ensure_legal_entity()
    sign(*[Deal(customer=f"Customer {place}") for place in range(CONTRACTS)])


ONE = "NEW.buyer ->> 'name' = 'Customer 7'"


@pytest.mark.parametrize("sqlstate", [state for state, whose in WHOSE_FAULT.items() if whose == DEAL])
def test_one_refused_contract_stops_no_other(sqlstate: str, caplog: pytest.LogCaptureFixture) -> None:
    with refusing("billing_invoice", sqlstate=sqlstate, when=ONE):
        summary = bill()

    assert (summary.issued, [failure.contract for failure in summary.failed]) == (
        CONTRACTS - 1,
        ["Customer 7 subscription"],
    )
    assert f"SQLSTATE {sqlstate} (record), table billing_invoice" in caplog.text
    assert bill().issued == 1


@pytest.mark.parametrize("sqlstate", [state for state, whose in WHOSE_FAULT.items() if whose != DEAL])
@pytest.mark.parametrize("when", [ONE, "true"])
def test_any_other_refusal_fails_the_run_and_no_contract(
    sqlstate: str, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    with refusing("billing_invoice", sqlstate=sqlstate, when=when), pytest.raises(Error):
        bill()

    run = BillingRun.objects.get()
    assert (run.state, run.failed, run.issued, len(run.problems)) == (BillingRunState.FAILED, 0, 0, 1)
    assert "contract" not in run.problems[0]
    assert f"SQLSTATE {sqlstate} (" in caplog.text
    assert "secret" not in caplog.text + str(run.problems)
    assert (bill().issued, Invoice.objects.count()) == (CONTRACTS, CONTRACTS)


def test_a_full_disk_is_named() -> None:
    with refusing("billing_invoice", sqlstate="53100", when="true"), pytest.raises(Error):
        bill()

    assert BillingRun.objects.get().problems == [
        {"sentence": "The disk of the database is full. Free some space there, or give it more."}
    ]
