"""Whoever is bound by a control does not lift it alone. Through the forms, pages and admin."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.test import Client

from billing.enums import BillingMode, CreditNoteState, InvoiceState
from billing.models import ApprovalLimit, BillingPolicy, ControlChange, CreditNote, Invoice, Letterhead
from contracts.models import AuditEntry, Customer
from tests.billing.builders import ensure_legal_entity
from tests.billing.mailing.letters import issue
from tests.billing.people import person
from tests.invariants import WITHOUT_CRM, plant, violations
from tests.pages import alerts

pytestmark = pytest.mark.django_db

FOOTER = "IBAN DE02 1203 0000 0000 2020 51"
LIMIT = {"limit_kind": "credit_note", "limit_currency": "USD"}


@pytest.fixture(autouse=True)
def limit_of_one_person() -> None:
    """The default holds here."""


@pytest.fixture
def invoice() -> Invoice:
    [made] = issue("Acme")
    return made


def browser(name: str, group: str) -> Client:
    client = Client()
    client.force_login(person(name, group=group))
    return client


@pytest.fixture
def ann() -> Client:
    return browser("ann", "Approver")


@pytest.fixture
def ben() -> Client:
    return browser("ben", "Approver")


@pytest.fixture
def finn() -> Client:
    return browser("finn", "Finance")


def set_limit(who: Client, amount: str, **more: str) -> None:
    who.post("/settings/billing/limits/", {**LIMIT, "amount": amount, **more})


def credit(who: Client, invoice: Invoice, amount: str) -> str:
    who.post(f"/invoices/{invoice.pk}/credit/", {"amount": amount, "reason": "Wrong price"})
    return CreditNote.objects.latest("pk").state


def limit_now() -> int | None:
    return ApprovalLimit.objects.get(kind="credit_note", currency="USD").amount_minor


def waiting() -> ControlChange:
    return ControlChange.objects.get(outcome="")


def confirm(who: Client) -> None:
    who.post(f"/approvals/changes/{ControlChange.objects.latest('pk').pk}/confirm/")


def test_an_approver_does_not_remove_the_limit_that_holds_them_back(invoice: Invoice, ann: Client) -> None:
    set_limit(ann, "1")
    first = credit(ann, invoice, "2.00")
    ann.post(f"/settings/billing/limits/{ApprovalLimit.objects.get().pk}/remove/")
    second = credit(ann, invoice, "3.00")

    assert (first, second, limit_now()) == (CreditNoteState.DRAFT, CreditNoteState.DRAFT, 100)


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"amount": "50"}, 5_000),
        ({"amount": "", "no_limit": "on"}, None),
    ],
)
def test_loosening_a_limit_takes_another_approver(
    invoice: Invoice, ann: Client, ben: Client, finn: Client, change: dict[str, str], after: int | None
) -> None:
    set_limit(ann, "1")

    ann.post("/settings/billing/limits/", LIMIT | change)
    confirm(ann)
    confirm(finn)
    before = limit_now()
    page = ben.get("/approvals/").text
    confirm(ben)

    assert (before, limit_now()) == (100, after)
    assert "Limit of credit notes from USD\u00a01.00 to" in page
    assert ControlChange.objects.get().outcome == "confirmed"


def test_tightening_holds_at_once(invoice: Invoice, ann: Client) -> None:
    set_limit(ann, "20")
    set_limit(ann, "10")

    assert (limit_now(), ControlChange.objects.count()) == (1_000, 0)


def test_a_request_is_withdrawn_by_whoever_made_it(invoice: Invoice, ann: Client, ben: Client) -> None:
    set_limit(ann, "1")
    set_limit(ann, "50")
    ann.post(f"/approvals/changes/{waiting().pk}/withdraw/")
    confirm(ben)

    assert (limit_now(), ControlChange.objects.get().outcome) == (100, "withdrawn")


def test_a_new_workspace_has_limits(invoice: Invoice, ann: Client) -> None:
    Invoice.objects.update(sent_at=None)
    plant(f"UPDATE billing_invoice SET net_minor = 300000, total_minor = 300000 WHERE id = {invoice.pk}")
    plant(f"UPDATE billing_invoiceline SET amount_minor = 300000 WHERE invoice_id = {invoice.pk}")
    invoice.refresh_from_db()
    page = ann.get("/settings/billing/").text

    assert credit(ann, invoice, "1000.01") == CreditNoteState.DRAFT
    assert "USD\u00a01,000.00" in page


def test_many_notes_below_the_limit_count_together(invoice: Invoice, ann: Client, ben: Client) -> None:
    set_limit(ann, "10")

    states = [credit(ann, invoice, amount) for amount in ("4.00", "4.01", "3.99")]
    other = credit(ben, invoice, "4.02")  # another person, the same customer

    assert states == [CreditNoteState.ISSUED, CreditNoteState.ISSUED, CreditNoteState.DRAFT]
    assert other == CreditNoteState.DRAFT
    assert violations(but={WITHOUT_CRM}) == {}


def test_one_person_does_not_go_on_with_other_customers(ann: Client, ben: Client) -> None:
    first, second, third = issue("Acme", "Beta", "Gamma")
    set_limit(ann, "10")

    states = [credit(ann, invoice, "6.00") for invoice in (first, second)]

    assert states == [CreditNoteState.ISSUED, CreditNoteState.DRAFT]
    assert credit(ben, third, "6.00") == CreditNoteState.ISSUED


def test_what_two_people_decided_and_what_is_long_ago_does_not_count(
    invoice: Invoice, ann: Client, ben: Client
) -> None:
    set_limit(ann, "10")
    credit(ann, invoice, "20.00")
    ben.post(f"/credit-notes/{CreditNote.objects.get().pk}/approve/")
    credit(ann, invoice, "9.00")
    plant("UPDATE billing_creditnote SET issue_date = issue_date - 31")

    assert credit(ann, invoice, "9.00") == CreditNoteState.ISSUED


def test_voids_count_and_wait_like_credits(ann: Client, ben: Client) -> None:
    first, second = issue("Acme", "Beta")
    ApprovalLimit.objects.create(kind="credit_note", currency="USD", amount_minor=first.total_minor)

    def void(who: Client, invoice: Invoice) -> str:
        answer = who.post(
            f"/invoices/{invoice.pk}/void/",
            {"then": "bill_again", "void_reason": "Wrong address"},
            follow=True,
        )
        assert len(alerts(answer)) == 1
        return Invoice.objects.get(pk=invoice.pk).state

    assert void(ann, first) == InvoiceState.VOID
    assert void(ann, second) == InvoiceState.ISSUED
    assert credit(ann, second, "1.00") == CreditNoteState.DRAFT
    ann.post(f"/credit-notes/{CreditNote.objects.get().pk}/discard/")
    confirm(ann)
    assert Invoice.objects.get(pk=second.pk).state == InvoiceState.ISSUED
    confirm(ben)
    assert Invoice.objects.get(pk=second.pk).state == InvoiceState.VOID


POLICIES: list[tuple[dict[str, Any], bool]] = [
    ({"mode": "auto", "locked_until": "2026-01-31"}, True),
    ({"mode": "approve", "locked_until": "2025-12-31"}, True),
    ({"mode": "approve", "locked_until": ""}, True),
    ({"mode": "approve", "locked_until": "2026-02-28"}, False),
]


@pytest.mark.parametrize(("change", "loosens"), POLICIES)
def test_mode_and_closed_books_are_loosened_by_two(
    invoice: Invoice, ann: Client, ben: Client, change: dict[str, str], loosens: bool
) -> None:
    BillingPolicy.objects.update_or_create(
        pk=1, defaults={"mode": BillingMode.APPROVE, "locked_until": date(2026, 1, 31)}
    )

    def policy() -> dict[str, str]:
        now = BillingPolicy.objects.get()
        return {"mode": now.mode, "locked_until": str(now.locked_until or "")}

    before = policy()
    ann.post("/settings/billing/", change)
    assert policy() == (before if loosens else change)
    if loosens:
        confirm(ben)
        assert policy() == change


def test_bank_details_take_a_second_person(invoice: Invoice, finn: Client, ann: Client) -> None:
    finn.post("/settings/invoices/letterhead/", {"footer": FOOTER})
    before = [one.footer for one in Letterhead.objects.all()]
    confirm(finn)
    still = [one.footer for one in Letterhead.objects.all()]
    confirm(ann)

    assert (before, still) == ([""], [""])
    assert Letterhead.objects.get().next_look["footer"] == FOOTER
    actions = AuditEntry.objects.filter(object_type="billing.letterhead").values_list("action", "actor_name")
    assert ("Letterhead confirmed", "ann") in actions


def test_until_the_first_invoice_one_person_sets_everything(ann: Client, finn: Client) -> None:
    ensure_legal_entity()
    set_limit(ann, "1")
    set_limit(ann, "", no_limit="on")
    finn.post("/settings/invoices/letterhead/", {"footer": FOOTER})

    assert (limit_now(), Letterhead.objects.get().footer) == (None, FOOTER)
    assert [change.outcome for change in ControlChange.objects.all()] == ["alone"]


def test_the_admin_has_the_same_rules(invoice: Invoice, ben: Client) -> None:
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    add = "/admin/billing/approvallimit/add/"
    root.post(add, {**LIMIT, "amount": "1"})
    root.post(add, {**LIMIT, "amount": "500"})
    root.post(f"/admin/billing/approvallimit/{ApprovalLimit.objects.get().pk}/delete/", {"post": "yes"})

    assert limit_now() == 100
    confirm(root)
    assert limit_now() == 100
    confirm(ben)
    assert not ApprovalLimit.objects.exists()


@pytest.mark.parametrize(("amount", "no_limit"), [("", ""), ("5", "on")])
def test_no_limit_is_an_explicit_choice(invoice: Invoice, ann: Client, amount: str, no_limit: str) -> None:
    set_limit(ann, amount, **({"no_limit": no_limit} if no_limit else {}))

    assert not ApprovalLimit.objects.exists()


def test_the_database_wants_two_people(invoice: Invoice, ann: Client) -> None:
    set_limit(ann, "1")
    set_limit(ann, "50")
    change = waiting()

    with pytest.raises(DatabaseError, match="two_people_confirm_a_control"), transaction.atomic():
        ControlChange.objects.update(
            outcome="confirmed", decided_by=change.requested_by, decided_at=change.requested_at
        )


def test_notes_of_one_person_above_a_limit_are_reported(invoice: Invoice, ann: Client) -> None:
    set_limit(ann, "10")
    credit(ann, invoice, "9.00")
    plant("UPDATE billing_creditnote SET alone_limit_minor = 500")

    assert list(violations(but={WITHOUT_CRM})) == ["above_a_limit_two_people_decide"]
    assert Customer.objects.count() == 1


def test_a_request_does_not_undo_what_was_tightened_since(invoice: Invoice, ann: Client, ben: Client) -> None:
    set_limit(ann, "5000")
    set_limit(ben, "10")
    policy = {"mode": BillingMode.AUTO, "locked_until": "2026-10-31"}
    ben.post("/settings/billing/", policy)
    ann.post("/settings/billing/", policy | {"locked_until": "2026-09-30"})
    ben.post("/settings/billing/", policy | {"mode": BillingMode.APPROVE})

    refusals = [
        *(
            alerts(ben.post(f"/approvals/changes/{change.pk}/confirm/", follow=True))
            for change in open_ones()
        ),
    ]

    assert len(refusals) == 2
    assert all(any("was changed since it was asked for" in one for one in told) for told in refusals)
    found = BillingPolicy.objects.get()
    assert (limit_now(), found.mode, found.locked_until) == (1_000, "approve", date(2026, 10, 31))


def open_ones() -> list[ControlChange]:
    return list(ControlChange.objects.filter(outcome="").order_by("pk"))
