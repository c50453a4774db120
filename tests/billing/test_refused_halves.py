"""What a run does with what the database refuses: halves, down to the contract at fault, and when it stops."""

from collections.abc import Collection, Sequence
from types import SimpleNamespace

import pytest
from django.db import Error, IntegrityError

from billing.issuing.invoicing import REFUSALS_IN_A_ROW, BillingFailure, Sums, refusal_of, write_in_halves
from billing.issuing.numbering import UnableToIssueInvoice
from billing.schedules.due import DueInstalment, Total


class Refusal(Exception):
    """As the driver says it."""

    def __init__(self, sqlstate: str, **diagnosis: str | None) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate
        names = dict.fromkeys(("constraint_name", "table_name", "column_name", "message_primary"))
        self.diag = SimpleNamespace(**names | diagnosis)


def refused(sqlstate: str = "", **diagnosis: str | None) -> Error:
    error = IntegrityError("refused")
    error.__cause__ = Refusal(sqlstate, **diagnosis) if sqlstate else None
    return error


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (refused(), "SQLSTATE none"),
        (refused("23514", constraint_name="one_rule", message_primary="no."), "one_rule"),
        (refused("23514", message_primary="It is closed."), "It is closed"),
        (refused("23001", message_primary="It stays."), "It stays"),
        (refused("23502", table_name="invoice", column_name="day", message_primary="null"), "invoice.day"),
    ],
)
def test_a_trigger_of_ours_speaks_for_itself(error: Error, rule: str) -> None:
    assert refusal_of(error) == rule


def refuse_all_but(good: Collection[int], monkeypatch: pytest.MonkeyPatch, *, contracts: int) -> Sums:
    """Each of so many contracts has one instalment due."""
    sums = Sums()
    monkeypatch.setattr(
        "billing.issuing.invoicing._failure",
        lambda key, rule: BillingFailure(contract_id=key, contract="", sentence=rule),
    )

    def write(*, instalment_ids: Sequence[int]) -> list[Total]:
        if not set(instalment_ids) <= set(good):
            raise refused()
        return [Total(currency="USD", invoices=len(instalment_ids), minor=100)]

    due = [DueInstalment(id=key, contract_id=key, minor=100, currency="USD") for key in range(contracts)]
    failed = write_in_halves(due, write, sums)
    assert len(failed) == contracts - sums.invoices
    return sums


@pytest.mark.django_db
def test_fifty_refusals_without_an_invoice_are_no_fault_of_a_contract(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most = REFUSALS_IN_A_ROW
    assert refuse_all_but((), monkeypatch, contracts=2 * most - 1).invoices == 0
    assert refuse_all_but({0}, monkeypatch, contracts=2 * most + 2).invoices == 1
    with pytest.raises(UnableToIssueInvoice, match=r"^The fault is in no single contract\. SQLSTATE none$"):
        refuse_all_but((), monkeypatch, contracts=2 * most)
