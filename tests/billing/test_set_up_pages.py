"""The pages of the approval queue, of Settings, Billing and of the legal entity."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.enums import BillingMode, BillingRunState, BillingTrigger, LimitKind
from billing.issuing.invoicing import invoice_due
from billing.models import ApprovalLimit, BillingPolicy, BillingRun, Instalment, Invoice, LegalEntity
from contracts.models import AuditEntry, Contract, Workspace
from tests.audited import changes
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.pages import alerts, field_errors, heading, rows, signed_in, words

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def finn() -> Client:
    return browser(person("finn", group="Finance"))


@pytest.fixture
def ann() -> Client:
    return browser(person("ann", group="Approver"))


def drafts(*deals: Deal) -> list[Invoice]:
    ensure_legal_entity()
    BillingPolicy.objects.update_or_create(pk=1, defaults={"mode": BillingMode.APPROVE})
    sign(*deals)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return list(Invoice.objects.order_by("pk"))


# Approvals


def test_drafts_wait_with_their_total_per_currency(finn: Client) -> None:
    drafts(Deal(), Deal(customer="Globex"), Deal(customer="Hooli", currency="JPY", value="120000"))

    page = finn.get("/approvals/")

    assert [row[1:4] for row in rows(page)] == [
        ["Acme", "Acme subscription", "USD 100.00"],
        ["Globex", "Globex subscription", "USD 100.00"],
        ["Hooli", "Hooli subscription", "JPY 10,000"],
    ]
    assert ">JPY</span> 10,000" in page.text
    assert ">USD</span> 200.00" in page.text


def test_chosen_drafts_are_approved(finn: Client) -> None:
    first, _ = drafts(Deal(), Deal(customer="Globex"))

    page = finn.post("/approvals/approve/", {"draft": [first.pk, "x", "9" * 30]}, follow=True)

    assert alerts(page) == ["1 invoice is issued."]
    assert [row[1] for row in rows(page)] == ["Globex"]


def test_chosen_drafts_are_shown_with_their_total_before_they_are_issued(finn: Client) -> None:
    first, second, third, _ = drafts(
        Deal(), Deal(customer="Globex"), Deal(customer="Hooli", currency="JPY", value="120000"), Deal()
    )
    chosen = [first.pk, second.pk, third.pk]

    page = finn.get("/approvals/review/", {"draft": [*chosen, "x", "9" * 30]})

    assert [words(text) for text in re.findall(r'<div class="stat">(.*?)</div>', page.text, re.S)] == [
        "1 draft JPY 10,000",
        "2 drafts USD 200.00",
    ]
    assert [row[0] for row in rows(page)] == ["Acme", "Globex", "Hooli"]
    assert re.findall(r'name="draft" value="(\d+)"', page.text) == [str(pk) for pk in chosen]
    assert re.findall(r'<button class="button button-primary"[^>]*>([^<]+)<', page.text) == [
        "Issue 3 invoices"
    ]
    assert Invoice.objects.filter(state="draft").count() == 4


@pytest.mark.parametrize("chosen", [{}, {"draft": ["999999999"]}])
def test_nothing_that_waits_is_chosen(finn: Client, chosen: dict[str, list[str]]) -> None:
    drafts(Deal())

    page = finn.get("/approvals/review/", chosen, follow=True)

    assert alerts(page) == ["Choose at least one draft that still waits."]


def test_queue_has_one_primary_action(finn: Client) -> None:
    drafts(Deal())

    page = finn.get("/approvals/")

    assert re.findall(r'<button class="button button-primary"[^>]*>([^<]+)<', page.text) == [
        "Approve chosen",
        "Issue them all",  # within the question that Approve all asks
    ]


def test_all_means_all_that_were_on_the_page(finn: Client) -> None:
    first, later = drafts(Deal(), Deal(customer="Later"))

    page = finn.post("/approvals/approve/", {"up_to": first.pk}, follow=True)

    assert alerts(page) == ["1 invoice is issued."]
    assert list(Invoice.objects.filter(state="draft")) == [later]


def test_nothing_chosen_says_so(finn: Client) -> None:
    drafts(Deal())

    page = finn.post("/approvals/approve/", {}, follow=True)

    assert alerts(page) == ["Choose at least one draft."]


def test_over_the_limit_waits_for_an_approver(finn: Client, ann: Client) -> None:
    ApprovalLimit.objects.create(kind=LimitKind.INVOICE, currency="USD", amount_minor=9_999)
    (draft,) = drafts(Deal())

    refused = finn.post("/approvals/approve/", {"draft": [draft.pk]}, follow=True)
    done = ann.post("/approvals/approve/", {"draft": [draft.pk]}, follow=True)

    assert alerts(refused) == ["1 over the limit: an approver has to let them out."]
    assert alerts(done) == ["1 invoice is issued."]


def test_a_draft_is_held_back(finn: Client) -> None:
    (draft,) = drafts(Deal())
    offered = finn.get(f"/invoices/{draft.pk}/").text

    page = finn.post(f"/approvals/{draft.pk}/hold-back/", {"reason": "Wrong price"}, follow=True)

    assert alerts(page)[0] == "Acme subscription is suspended. Resume it on its page."
    assert f'action="/approvals/{draft.pk}/hold-back/"' in offered
    assert Contract.objects.get().state == "suspended"


def parked() -> BillingRun:
    sign(Deal())
    run = BillingRun.objects.create(
        trigger=BillingTrigger.SCHEDULE,
        as_of=TODAY,
        state=BillingRunState.PARKED,
        parked=[{"currency": "USD", "invoices": 1, "minor": 10_000}],
    )
    Instalment.objects.filter(sequence=1).update(parked_by=run)
    return run


def test_a_parked_run_is_told_on_every_page_and_decided(finn: Client, ann: Client) -> None:
    ensure_legal_entity()
    run = parked()

    told = finn.get("/invoices/")
    refused = finn.post(f"/approvals/parked/{run.pk}/release/")
    done = ann.post(f"/approvals/parked/{run.pk}/release/", follow=True)

    assert alerts(told) == ["The billing run of 22 Nov 2026 parked 1 invoice of USD 100.00."]
    assert refused.status_code == 403
    assert alerts(done) == ["Decided. What was parked is being billed."]
    assert Instalment.objects.filter(is_cleared=True, parked_by=None).count() == 1


def test_a_parked_run_is_decided_contract_by_contract(ann: Client) -> None:
    ensure_legal_entity()
    run = parked()

    page = ann.post(f"/approvals/parked/{run.pk}/ask/", follow=True)

    assert alerts(page) == ["Each contract of it asks on its own page now."]


# Settings, Billing


def test_an_approver_sets_the_policy(ann: Client) -> None:
    ensure_legal_entity()

    page = ann.post("/settings/billing/", {"mode": "approve", "locked_until": "2026-01-31"}, follow=True)

    policy = BillingPolicy.objects.get()
    assert alerts(page) == ["Saved. The next billing run follows it."]
    assert (policy.mode, policy.locked_until) == ("approve", date(2026, 1, 31))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after) == (
        "billing policy changed",
        {"mode": "approve", "locked_until": "2026-01-31"},
    )


def test_a_day_that_is_not_over_cannot_be_closed(ann: Client) -> None:
    page = ann.post("/settings/billing/", {"mode": "auto", "locked_until": "2999-01-01"})

    assert "Only days that are over can be closed. Choose yesterday or earlier." in page.text
    assert not BillingPolicy.objects.exists()


def test_limits_are_set_replaced_and_removed(ann: Client) -> None:
    ensure_legal_entity()
    for amount in ("1000", "2000.50"):
        ann.post(
            "/settings/billing/limits/", {"limit_kind": "invoice", "limit_currency": "USD", "amount": amount}
        )
    listed = rows(ann.get("/settings/billing/"))
    limit = ApprovalLimit.objects.get()
    ann.post(f"/settings/billing/limits/{limit.pk}/remove/")
    wrong = ann.post(
        "/settings/billing/limits/",
        {"limit_kind": "invoice", "limit_currency": "JPY", "amount": "0.5"},
        follow=True,
    )

    assert listed == [["Invoices", "USD 2,000.50", "Remove"]]
    assert "The amount has more decimals than JPY, which has none." in field_errors(wrong)["id_amount"]
    assert ApprovalLimit.objects.count() == 0
    assert list(changes().order_by("pk").values_list("action", "before", "after")) == [
        ("Approval limit set", {"limit": ""}, {"limit": "USD 1,000.00"}),
        ("Approval limit set", {"limit": "USD 1,000.00"}, {"limit": "USD 2,000.50"}),
        ("Approval limit removed", {"limit": "USD 2,000.50"}, {}),
    ]


def test_the_admin_has_the_same_rules() -> None:
    ensure_legal_entity()
    root = browser(User.objects.create_superuser("root"))
    add = "/admin/billing/approvallimit/add/"

    root.post(add, {"limit_kind": "invoice", "limit_currency": "USD", "amount": "5"})
    wrong = root.post(add, {"limit_kind": "invoice", "limit_currency": "USD", "amount": "0.001"})
    closed = root.post("/admin/billing/billingpolicy/add/", {"mode": "auto", "locked_until": "2999-01-01"})

    assert list(ApprovalLimit.objects.values_list("kind", "currency", "amount_minor")) == [
        ("invoice", "USD", 500)
    ]
    assert "The amount has more decimals than USD, which has 2." in wrong.text
    assert "Only days that are over can be closed." in closed.text
    assert changes().get().action == "Approval limit set"


@pytest.mark.parametrize("path", ["/settings/billing/", "/settings/billing/limits/"])
def test_finance_may_not_raise_its_own_limits(path: str, finn: Client) -> None:
    assert finn.get("/settings/billing/").status_code == 200
    assert finn.post(path, {"mode": "auto"}).status_code == 403


@pytest.mark.parametrize("path", ["/settings/billing/", "/settings/legal-entity/", "/approvals/"])
def test_pages_need_their_right(path: str) -> None:
    assert signed_in().get(path).status_code == 403


# Legal entity

FILLED = {
    "name": "Acme Inc",
    "street": "1 Main Street",
    "city": "Springfield",
    "country": "US",
    "tax_number": "US-1",
    "invoice_prefix": "ACM",
    "credit_note_prefix": "ACC",
    "payment_terms_days": "14",
    "default_tax_percent": "19",
    "prices_include_tax": "on",
    "time_zone": "Europe/Berlin",
    "default_currency": "EUR",
}


def test_the_first_page_asks_who_sends_the_invoices(finn: Client) -> None:
    LegalEntity.objects.update(street="", city="")

    first = finn.get("/", follow=True)
    saved = finn.post("/settings/legal-entity/", FILLED, follow=True)

    assert heading(first) == (
        "Who sends the invoices? Every invoice names its sender. "
        "Nothing is issued before name and address are here."
    )
    assert alerts(first) == []  # the banner of all other pages would say it twice
    assert alerts(saved)[-1] == "Saved. Invoices from now on carry it; issued ones stay as they are."
    entity = LegalEntity.objects.get()
    assert (entity.name, entity.default_tax_rate, entity.prices_include_tax, entity.missing) == (
        "Acme Inc",
        19_000,
        True,
        "",
    )
    workspace = Workspace.objects.get()
    assert (workspace.time_zone, workspace.default_currency) == ("Europe/Berlin", "EUR")
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "legal entity changed",
        "workspace changed",
    ]


def test_an_incomplete_sender_is_not_saved(finn: Client) -> None:
    ensure_legal_entity(street="", city="")

    page = finn.post("/settings/legal-entity/", {**FILLED, "street": " ", "city": ""})

    assert page.text.count("Enter the street, or the city: an invoice names its sender") == 1
    assert LegalEntity.objects.get().street == ""


def test_others_read_the_legal_entity_only() -> None:
    support = browser(person("sam", group="Support"))

    assert support.get("/settings/legal-entity/").status_code == 200
    assert support.post("/settings/legal-entity/", FILLED).status_code == 403
