"""Each rule of contracts and billing, broken by SQL past what the database would refuse."""

from datetime import date, timedelta

import pgtrigger
import pytest

from billing.enums import AfterVoid, BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.rendering import credit_note_pdf, invoice_pdf
from billing.models import BillingRun, BillingSchedule, CreditNote, Instalment, Invoice, Payment
from billing.receivables.crediting import request_credit
from billing.receivables.paying import record_payment
from billing.receivables.voiding import void_invoice
from contracts.enums import BillingCycle
from contracts.models import AuditEntry, Contract, Workspace
from contracts.money import Money
from fincelo.invariants import find_violations, registered
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.billing.planted import PLANTED
from tests.crm_sync.oversight.test_invariants import PLANTED as CRM_PLANTED
from tests.invariants import TESTS_EMPTY_TABLES, WITHOUT_CRM, plant, violations
from tests.travel import travel_to

pytestmark = pytest.mark.django_db

PLANTED_ELSEWHERE = {
    "above_a_limit_two_people_decide",
    "audit_is_as_sealed",
    "database_lets_nobody_past",
    "custom_field_values_fit",
    "database_refuses_changes",
    TESTS_EMPTY_TABLES,
    "few_invoices_of_a_contract_in_a_run",
    "run_is_not_far_above_the_usual",
    "invoice_renders_as_at_first",
    "credit_note_renders_as_at_first",
}


def bill(as_of: date = TODAY) -> None:
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)


def invoice_of(name: str) -> Invoice:
    return Invoice.objects.filter(contract__name__startswith=name).latest("pk")


@pytest.fixture
def workspace() -> dict[str, int]:
    """Seven contracts, seven invoices, one credit note, one payment. Ids by name."""
    travel_to(TODAY)
    ensure_legal_entity(default_tax_rate=19_000)
    ann = person("ann", group="Approver")
    sign(
        Deal(customer="First", value="50.00", months=1, start=date(2026, 10, 22)),
        Deal(customer="Second", value="50.00", months=1, start=date(2026, 10, 23)),
        Deal(customer="Acme"),
        Deal(customer="Short", value="1000.00", months=14, cycle=BillingCycle.ANNUAL),
        Deal(customer="Void", currency="JPY", value="1200"),
        Deal(customer="Paid"),
        Deal(customer="Future", start=date(2027, 1, 1)),
    )
    bill()
    void_invoice(invoice=invoice_of("Void"), then=AfterVoid.BILL_AGAIN, reason="Wrong address", actor=ann)
    bill()
    paid = invoice_of("Paid")
    request_credit(invoice=paid, amount=4_000, reason="Agreed", as_of=TODAY, actor=ann)
    record_payment(
        invoice=paid,
        amount=Money(minor=2_000, currency="USD"),
        received_date=TODAY,
        reference="",
        as_of=TODAY,
        actor=ann,
    )
    contracts = {name.split()[0]: pk for name, pk in Contract.objects.values_list("name", "pk")}
    return contracts | {
        "payment": Payment.objects.get().pk,
        "void_instalment": invoice_of("Void").instalment_id,
        "future_schedule": BillingSchedule.objects.get(contract=contracts["Future"]).pk,
    }


def test_a_workspace_at_work_has_no_violation(workspace: dict[str, int]) -> None:
    assert violations(but={WITHOUT_CRM}) == {}


@pytest.mark.parametrize(("statements", "said"), PLANTED, ids=lambda value: next(reversed(value), "")[:50])
def test_a_broken_rule_is_reported(
    workspace: dict[str, int], statements: list[str], said: dict[str, str]
) -> None:
    Workspace.objects.get_or_create(pk=1)
    plant(*(statement.format(**workspace) for statement in statements))

    found = violations(but={WITHOUT_CRM})

    assert found == {name: [sentence.format(**workspace)] for name, sentence in said.items()}


def test_the_first_twenty_are_told_and_all_are_counted(workspace: dict[str, int]) -> None:
    plant("UPDATE billing_instalment SET billing_date = billing_date - 1")

    [found] = find_violations(but={WITHOUT_CRM, TESTS_EMPTY_TABLES})

    assert (found.name, found.count, len(found.sentences)) == (
        "billing_dates_follow_from_the_term",
        Instalment.objects.count(),
        20,
    )


def test_a_run_with_many_invoices_of_one_contract_is_reported() -> None:
    ensure_legal_entity()
    travel_to(date(2026, 12, 22))
    [contract] = sign(Deal(start=date(2026, 8, 22)), as_of=date(2026, 8, 22))
    bill(date(2026, 8, 22))
    bill(date(2026, 12, 22))  # an outage that is caught up

    before = violations(but={WITHOUT_CRM})
    plant("UPDATE billing_billingrun SET caught_up_since = NULL")
    after = violations(but={WITHOUT_CRM})

    assert before == {}
    assert after == {
        "few_invoices_of_a_contract_in_a_run": [
            f"The billing run as of 2026-12-22 issued 4 invoices for contract {contract.pk}, Acme subscription, "
            "and nobody was asked. Look at them, and credit what the customer does not owe."
        ]
    }


def test_a_run_far_above_the_usual_is_reported() -> None:
    ensure_legal_entity()
    for days in range(20, 0, -1):
        BillingRun.objects.create(
            trigger=BillingTrigger.SCHEDULE, as_of=TODAY - timedelta(days=days), state="done", issued=1
        )
    sign(*[Deal()] * 4)
    Instalment.objects.update(is_cleared=True)
    bill()

    before = violations(but={WITHOUT_CRM})
    plant("UPDATE billing_instalment SET is_cleared = false")
    after = violations(but={WITHOUT_CRM})

    assert before == {}
    assert after == {
        "run_is_not_far_above_the_usual": [
            "The billing run as of 2026-11-22 issued 4 invoices where 1 were usual, and nobody was asked. Look at "
            "them under Invoices, and void or credit what should not have been billed."
        ]
    }


def test_documents_that_render_otherwise_than_at_first_are_reported(workspace: dict[str, int]) -> None:
    invoice, note = invoice_of("Acme"), CreditNote.objects.get()
    invoice_pdf(invoice=invoice)
    credit_note_pdf(note=note)

    before = violations(but={WITHOUT_CRM})
    plant(
        "UPDATE billing_invoicerendering SET sha256 = 'other', created_at = '2020-01-01'",
        "UPDATE billing_creditnoterendering SET sha256 = 'other', created_at = '2020-01-01'",
    )
    after = violations(but={WITHOUT_CRM})

    cure = "Go back to the version of Fincelo that made it, and tell its makers."
    told = "made now differs from the one first made on 2020-01-01, so it is not handed out."
    assert before == {}
    assert after == {
        "invoice_renders_as_at_first": [f"The PDF of invoice {invoice.number} {told} {cure}"],
        "credit_note_renders_as_at_first": [f"The PDF of credit note {note.number} {told} {cure}"],
    }


@pytest.mark.parametrize(
    "statement",
    ["ALTER TABLE contracts_auditentry DISABLE TRIGGER {0}", "DROP TRIGGER {0} ON contracts_auditentry"],
)
def test_a_refusal_that_is_switched_off_is_reported(statement: str) -> None:
    [trigger] = [one for _, one in pgtrigger.registered() if one.name == "audit_is_append_only"]

    plant(statement.format(trigger.get_pgid(AuditEntry)))

    assert violations() == {
        "database_refuses_changes": [
            "The trigger audit_is_append_only on contracts_auditentry is missing or switched off, so the database "
            "no longer refuses what it should. Run `manage.py pgtrigger install`, then find out who removed it and "
            "what was changed in the meantime."
        ]
    }


def test_a_table_that_could_be_emptied_is_reported() -> None:
    """The tests run with these refusals switched off."""
    tables = {model._meta.db_table for model, _ in pgtrigger.registered()} - {"billing_invoice"}
    plant(*(f"ALTER TABLE {table} ENABLE TRIGGER ALL" for table in tables))

    found = {
        finding.name: [text.split(" is missing")[0] for text in finding.sentences]
        for finding in find_violations()
    }

    assert found == {TESTS_EMPTY_TABLES: ["The trigger invoices_are_kept on billing_invoice"]}


def test_every_rule_is_broken_by_a_test() -> None:
    asked = {rule.name for rule in registered()}
    broken = (
        {name for _, said in PLANTED for name in said}
        | PLANTED_ELSEWHERE
        | {name for _, said in CRM_PLANTED for name in said}
    )

    assert broken == asked
