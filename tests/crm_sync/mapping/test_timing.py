"""In arrears is not in advance: from the CRM's word to the first invoice, and by a person's decision."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Instalment, Invoice
from contracts.enums import BillingTiming
from contracts.models import AuditEntry, Contract
from crm_sync.connections.settings import save_settings
from crm_sync.enums import Outcome
from crm_sync.models import Connection, CrmDeal, Hold, SyncRecord
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run, confirm
from tests.crm_sync.sales import TODAY, sell
from tests.invariants import violations
from tests.pages import alerts, words

A_YEAR_LATER = date(2027, 11, 22)
RIGHTS = ("view_contract", "change_billingschedule", "view_hold", "change_hold", "change_fieldmapping")
REASON = {"reason": "As the order form says."}


@pytest.fixture
def browser(finance: User) -> Client:
    finance.user_permissions.set(Permission.objects.filter(codename__in=(*RIGHTS, "change_syncrun")))
    client = Client()
    client.force_login(finance)
    return client


def billing_dates() -> list[date]:
    return list(Instalment.objects.order_by("sequence").values_list("billing_date", flat=True))


def bill(*, as_of: date) -> None:
    ensure_legal_entity()
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)


@pytest.mark.parametrize(
    ("default", "word", "first"),
    [
        (BillingTiming.IN_ADVANCE, "Yearly in Arrears", A_YEAR_LATER),
        (BillingTiming.IN_ARREARS, "Yearly in Advance", TODAY),
        (BillingTiming.IN_ADVANCE, "Yearly", TODAY),
        (BillingTiming.IN_ARREARS, "Yearly", A_YEAR_LATER),
    ],
)
def test_the_word_decides_and_the_connection_is_the_default(
    salesforce: Connection, org: Org, run: Run, default: BillingTiming, word: str, first: date
) -> None:
    save_settings(connection=salesforce, changes={"billing_timing": default}, actor=None)
    sell(org, Billing_Frequency__c=word)

    run(salesforce)
    bill(as_of=TODAY)

    assert billing_dates() == [first]
    assert Invoice.objects.count() == (1 if first == TODAY else 0)
    assert violations() == {}


@pytest.mark.parametrize("meant", ["annual", "annual in_arrears"])
def test_a_translation_on_the_holds_page_keeps_the_arrears(
    salesforce: Connection, org: Org, run: Run, browser: Client, meant: str
) -> None:
    sell(org, Billing_Frequency__c="Yearly in Arrears, by wire")
    run(salesforce)
    hold = Hold.objects.get()
    [(problem, cures)] = browser.get(f"/holds/{hold.pk}/").context["problems"]
    assert problem.what == (
        "Billing Cycle \u201cYearly in Arrears, by wire\u201d says more than a billing cycle and its timing, "
        "\u201cwire\u201d; add a translation for it."
    )

    browser.post(cures[0].action, {**cures[0].form.initial, "value": meant})
    run(salesforce)

    assert billing_dates() == [A_YEAR_LATER]


def test_a_translation_of_before_takes_the_timing_of_its_word(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """A contract that lost it, as before this was read, follows while nothing is issued."""
    confirm(salesforce, translations={"every spring": "annual"})
    deal = sell(org, Billing_Frequency__c="Every spring")
    run(salesforce)
    confirm(salesforce, translations={"every spring in arrears": "annual"})
    org.edit(deal, Billing_Frequency__c="Every spring in arrears")

    run(salesforce)

    assert billing_dates() == [A_YEAR_LATER]
    record = SyncRecord.objects.latest("id")
    assert (record.outcome, record.sentence) == (
        Outcome.UPDATED,
        "Changed: Billing Timing: In advance to In arrears.",
    )


def test_what_is_billed_already_keeps_its_dates_and_the_difference_is_told(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org, Billing_Frequency__c="Quarterly")
    run(salesforce)
    bill(as_of=TODAY)
    before = billing_dates()
    org.edit(deal, Billing_Frequency__c="Quarterly in arrears")

    run(salesforce)

    assert billing_dates() == before
    record = SyncRecord.objects.latest("id")
    assert (record.outcome, record.changes) == (
        Outcome.REFUSED,
        [{"field": "Billing Timing", "old": "In advance", "new": "In arrears"}],
    )


def test_another_default_of_the_connection_leaves_billed_contracts_alone(
    salesforce: Connection, org: Org, run: Run
) -> None:
    sell(org)
    run(salesforce)
    bill(as_of=TODAY)
    save_settings(connection=salesforce, changes={"billing_timing": BillingTiming.IN_ARREARS}, actor=None)
    CrmDeal.objects.update(fingerprint="")

    run(salesforce)

    assert Contract.objects.get().billing_timing == BillingTiming.IN_ADVANCE
    assert SyncRecord.objects.exclude(outcome=Outcome.CREATED).count() == 0


def test_a_trial_shows_the_first_billing_date(salesforce: Connection, org: Org, finance: User) -> None:
    deal = sell(org, Billing_Frequency__c="Yearly in Arrears")
    finance.user_permissions.set(Permission.objects.filter(codename="view_fieldmapping"))
    browser = Client()
    browser.force_login(finance)

    page = browser.post(f"/settings/mapping/{salesforce.pk}/test/", {"deal": deal})

    foretold = page.context["one"]
    assert foretold.contract.billing_timing is BillingTiming.IN_ARREARS
    assert (foretold.first_billing_date - foretold.contract.span.end).days == 0
    assert "First billing date" in words(page.text)


def test_a_person_changes_the_timing_of_a_contract(
    salesforce: Connection, org: Org, run: Run, browser: Client, finance: User
) -> None:
    sell(org, Billing_Frequency__c="Yearly")
    run(salesforce)
    contract = Contract.objects.get()
    assert "Change the billing timing" in browser.get(f"/contracts/{contract.pk}/").text

    page = browser.post(f"/contracts/{contract.pk}/timing/", {"timing": "in_arrears", **REASON}, follow=True)

    assert alerts(page)[0] == "Acme platform is billed in arrears from now on."
    assert billing_dates() == [A_YEAR_LATER]
    assert "Billing Timing In arrears" in words(page.text)
    entry = AuditEntry.objects.get(action="Billing timing changed")
    assert (entry.actor, entry.before, entry.after, entry.reason) == (
        finance,
        {"timing": "In advance"},
        {"timing": "In arrears"},
        REASON["reason"],
    )

    run(salesforce)
    bill(as_of=TODAY)

    assert (billing_dates(), Invoice.objects.count()) == ([A_YEAR_LATER], 0)
    assert violations() == {}


@pytest.mark.parametrize(
    ("code", "lead", "first"),
    [
        ("in_advance 0 days before", 0, TODAY),
        ("in_advance 30 days before", 30, date(2026, 10, 23)),
    ],
)
def test_the_decision_wins_over_word_and_default_until_it_is_taken_back(
    salesforce: Connection, org: Org, run: Run, browser: Client, code: str, lead: int, first: date
) -> None:
    sell(org, Billing_Frequency__c="Yearly in arrears")
    run(salesforce)
    contract = Contract.objects.get()
    browser.post(f"/contracts/{contract.pk}/timing/", {"timing": code, **REASON})
    run(salesforce)
    contract.refresh_from_db()
    assert (contract.billing_timing, contract.lead_days, billing_dates()) == ("in_advance", lead, [first])

    browser.post(f"/deals/{CrmDeal.objects.get().pk}/take-back/", {"key": "billing_timing"})
    run(salesforce)

    assert billing_dates() == [A_YEAR_LATER]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"timing": "in_arrears", "reason": " "}, "This field is required."),
        ({"timing": "whenever", **REASON}, "Select a valid choice."),
    ],
)
def test_a_change_that_says_too_little_keeps_what_was_entered(
    salesforce: Connection, org: Org, run: Run, browser: Client, sent: dict[str, str], said: str
) -> None:
    sell(org)
    run(salesforce)

    page = browser.post(f"/contracts/{Contract.objects.get().pk}/timing/", sent)

    assert said in page.text
    assert "<details data-confirm open>" in page.text
    assert not CrmDeal.objects.get().overrides


def test_once_something_is_issued_the_timing_stays(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    sell(org)
    run(salesforce)
    bill(as_of=TODAY)
    contract = Contract.objects.get()

    page = browser.post(f"/contracts/{contract.pk}/timing/", {"timing": "in_arrears", **REASON}, follow=True)

    assert alerts(page) == ["Acme platform has an invoice already, so its billing dates stay as they are."]
    assert "Change the billing timing" not in page.text
    contract.refresh_from_db()
    assert (contract.billing_timing, CrmDeal.objects.get().overrides) == ("in_advance", {})


def test_timing_is_changed_by_whoever_may_change_schedules(
    salesforce: Connection, org: Org, run: Run, browser: Client, finance: User
) -> None:
    sell(org)
    run(salesforce)
    finance.user_permissions.set(Permission.objects.filter(codename="view_contract"))
    contract = Contract.objects.get()

    answer = browser.post(f"/contracts/{contract.pk}/timing/", {"timing": "in_arrears", **REASON})

    assert answer.status_code == 403
    assert "Change the billing timing" not in browser.get(f"/contracts/{contract.pk}/").text
