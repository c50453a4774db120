"""Every form, sent wrong once in a real browser: it stays with what was typed, marked, and with the focus.

`tests/browser/forms.py` lists them; a form of the product that is not listed there fails the test.
"""

import re
from collections.abc import Callable
from datetime import date
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from billing.enums import BillingMode, BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.restoring import witness_path
from billing.issuing.witness import note
from billing.mailing.sending import send_waiting
from billing.models import BillingPolicy, DatabaseMark, Invoice, Payment
from billing.receivables.payment_imports import keep_preview
from billing.values import SeriesKey
from contracts.enums import BillingCycle, ContractState
from contracts.models import Workspace
from crm_sync.enums import BackfillState, ConnectionState, HoldCode
from crm_sync.models import Backfill, BackfillDeal
from crm_sync.previews.first_import.totals import totals_of
from tests.access.addresses import addresses
from tests.billing.builders import TODAY, Deal, forget_numbers, put, sign
from tests.billing.mailing.letters import issue
from tests.browser.forms import BUTTONS, FORMS, Wrong
from tests.crm_sync.page_rows import connect, deal, hold, problem

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
STATE = """(address) => {
    const action = (form) => new URL(form.getAttribute("action") || location.pathname, location.href);
    const same = (form) => action(form).pathname + action(form).search === address;
    const form = [...document.querySelectorAll("main form[method=post]")].find(
        (one) => same(one) && one.querySelector("[aria-invalid=true], [data-refused]"));
    if (!form) return null;
    const focused = document.activeElement;
    const told = (focused.getAttribute("aria-describedby") || "").split(" ");
    const fieldset = focused.closest("fieldset");
    if (fieldset) told.push(...(fieldset.getAttribute("aria-describedby") || "").split(" "));
    const errors = told.map((id) => id && document.getElementById(id)).filter(
        (one) => one && one.matches(".errorlist") && one.textContent.trim());
    return {
        focus: form.contains(focused) ? focused.name : "",
        first: (form.querySelector("[aria-invalid=true]") || {}).name || "",
        errors: errors.length,
        summary: form.querySelectorAll("[data-refused]").length,
        shown: form.checkVisibility(),
        values: Object.fromEntries(new FormData(form)),
    };
}"""
ACCOUNT = {"account_login", "account_logout", "account_change_password"}
"""Their views do not say what they take."""
OPEN = """() => document.querySelectorAll("details, dialog").forEach((one) => one.setAttribute("open", ""))"""
SEND = """([address, sent]) => {
    const action = (form) => new URL(form.getAttribute("action") || location.pathname, location.href);
    const form = [...document.querySelectorAll("main form[method=post]")].find((one) => {
        const target = action(one).pathname + action(one).search;
        return target === address && (!Object.keys(sent).length || Object.keys(sent).every((name) => one.elements[name]));
    });
    if (!form) return false;
    form.noValidate = true;
    for (const [name, value] of Object.entries(sent)) {
        const field = form.elements[name];
        if (field.options) field.selectedIndex = [...field.options].findIndex((one) => one.value === value);
        else { if (field.type === "date") field.type = "text"; field.value = value; }
    }
    return form.requestSubmit(), true;
}"""


@pytest.mark.django_db
def test_every_form_is_listed(admin_client: Client) -> None:
    """A new form needs a line: how it is sent wrong, or that a person fills in nothing."""
    admin_client.raise_request_exception = False
    listed = {name for names in BUTTONS.values() for name in names.split()} | set(FORMS)
    ours = {name for name, path in addresses({}) if takes_forms(admin_client, path)}

    assert ours | ACCOUNT == listed


def takes_forms(client: Client, path: str) -> bool:
    return "POST" in client.put(path).headers.get("Allow", "")


@pytest.mark.django_db(transaction=True)
def test_refused_form_keeps_what_was_typed(page: Page, sign_in: Callable[[User], None]) -> None:
    keys = workspace()
    sign_in(User.objects.get(username="root"))
    cases = [(name, wrong) for name, listed in FORMS.items() for wrong in listed]
    cases.sort(key=lambda case: case[0] == "account_login")  # signs nobody out before the others were sent

    found = []
    for place, (name, wrong) in enumerate(cases):
        if name == "account_login":
            page.context.clear_cookies()
        if name == "restored":
            lose_numbers(keys)
        try:
            told = refused(page, wrong, keys=keys)
        except PlaywrightError as error:
            told = str(error)
        if told:
            found.append(f"{place} {name}: {told}")
        if name == "restored":
            witness_path().unlink(missing_ok=True)
            forget_numbers()

    assert not found, "\n".join(found)


@pytest.mark.django_db(transaction=True)
def test_a_number_is_shown_as_understood_before_it_is_sent(
    page: Page, sign_in: Callable[[User], None]
) -> None:
    """On each page with a form: below each number, as it is typed, and in no other form than the page's."""
    keys = workspace()
    Workspace.objects.update_or_create(pk=1, defaults={"page_format": "de"})
    sign_in(User.objects.get(username="root"))
    pages = {wrong.page.format_map(keys) for listed in FORMS.values() for wrong in listed}

    seen = set()
    for address in sorted(pages - {"/login/", "/settings/billing/restored/"}):
        page.goto(address)
        page.evaluate(OPEN)
        for number in page.locator("main input[inputmode=decimal]").all():
            number.fill("12,5")
            told = page.locator(f'output[for~="{number.get_attribute("id")}"]')
            expect(told).to_have_text(re.compile(r"^(12,5 %|12,50\u00a0[A-Z]{3}|12,5)$"))
            seen.add(number.get_attribute("name"))

    assert seen >= {"amount", "paid", "tax_percent", "default_tax_percent", "limit_USD"}


def refused(page: Page, wrong: Wrong, *, keys: MappingProxyType[str, Any]) -> str:
    """What is not as it should be after the form was sent; empty where all is."""
    address = wrong.page.format_map(keys)
    action = (wrong.action or wrong.page).format_map(keys)
    page.goto(address)
    if wrong.opens:
        opener = page.locator(f'details[data-confirm]:has(+ dialog form[action="{action}"]) > summary')
        if not opener.count():
            return f"no dialog on {address}"
        opener.first.click()
    with page.expect_navigation():
        if not page.evaluate(SEND, [action, wrong.sent]):
            return f"no such form on {address}"
    page.wait_for_load_state()
    state = page.evaluate(STATE, action)
    if state is None:
        return f"the form is gone: {page.url} {page.title()}"
    if not state["shown"]:
        return "the form is closed"
    lost = {
        name: state["values"].get(name)
        for name, value in wrong.sent.items()
        if name not in wrong.forgets and state["values"].get(name, "").strip() != value.strip()
    }
    if lost:
        return f"what was typed is lost: {lost}"
    if state["focus"] != wrong.first:
        return f"the focus is on {state['focus']!r}, the first wrong field {state['first']!r}"
    if not state["errors"] and not state["summary"]:
        return "the field does not say what is wrong"
    return ""


def workspace() -> MappingProxyType[str, Any]:
    """A row for each form, and the key of each."""
    root = User.objects.create_superuser("root", password="a password of root")
    [invoice] = issue("Acme", email="pay@acme.example")
    send_waiting()
    payment = Payment.objects.create(
        invoice=invoice, amount_minor=100, currency=invoice.currency, received_date=TODAY, recorded_by=root
    )
    Invoice.objects.filter(pk=invoice.pk).update(paid_minor=100)
    sign(Deal(customer="Unsent", months=1))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    unsent = Invoice.objects.latest("pk")
    BillingPolicy.objects.update_or_create(pk=1, defaults={"mode": BillingMode.APPROVE})
    sign(Deal(customer="Draft"))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    draft = Invoice.objects.get(number=None)
    [asking] = sign(
        Deal(customer="Asking", start=date(2020, 1, 1), months=48, cycle=BillingCycle.ANNUAL, value="4000.00")
    )
    [awaiting, untouched] = sign(
        Deal(customer="Awaiting"), Deal(customer="Untouched", start=date(2027, 6, 1))
    )
    put(awaiting, state=ContractState.AWAITING_APPROVAL)
    return MappingProxyType(
        {
            "invoice": invoice.pk,
            "payment": payment.pk,
            "mail": invoice.mails.get().pk,
            "unsent": unsent.pk,
            "draft": draft.pk,
            "asking": asking.pk,
            "awaiting": awaiting.pk,
            "contract": untouched.pk,
            "customer": untouched.customer_id,
            "entity": invoice.legal_entity_id,
            "file": keep_preview(file_name="bank.csv", content=b"a;b\n1;2\n", actor=root).pk,
            **crm(),
        }
    )


def crm() -> dict[str, Any]:
    connection = connect()
    raw = "Tariff 7"
    empty = problem(HoldCode.TERM_MISSING, field="Contract Duration", key="duration")
    unknown = problem(HoldCode.FREQUENCY_UNKNOWN, field="Billing Cycle", key="billing_cycle", raw=raw)
    ready = Backfill.objects.create(
        connection=connection,
        import_from=TODAY,
        as_of=TODAY,
        digest="d",
        state=BackfillState.READY,
    )
    row = BackfillDeal.objects.create(backfill=ready, external_id="006A", outcome="held")
    ready.totals = totals_of(ready) | {"limits": [{"currency": "USD", "minor": 100_000}]}
    ready.save()
    off = {"state": ConnectionState.NOT_CONNECTED}
    return {
        "connection": connection.pk,
        "disconnected": connect("Old", **off).pk,
        "hubspot": connect("HubSpot", provider="hubspot", **off).pk,
        "hold": hold(deal(connection, "006B"), empty).pk,
        "untranslated": hold(deal(connection, "006C"), unknown).pk,
        "code": HoldCode.TERM_MISSING.value,
        "key": "duration",
        "raw": quote(""),
        "row": row.pk,
    }


def lose_numbers(keys: MappingProxyType[str, Any]) -> None:
    """The witness knows of numbers that the database does not."""
    key = SeriesKey(legal_entity_id=keys["entity"], kind="invoice", year=TODAY.year)
    note(path=witness_path(), lineage=str(DatabaseMark.objects.get().lineage), numbers={key: 4})
