"""Values that people enter for one deal, free contracts, and downgrades."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.enums import BillingTrigger, ScheduleState
from billing.issuing.invoicing import invoice_due
from billing.models import BillingSchedule, Instalment, Invoice
from billing.schedules.lifecycle import complete_contracts
from contracts.models import AuditEntry, Contract
from crm_sync.enums import DealState, HoldCode, Outcome
from crm_sync.holds.deciding import UnableToDecideHold, accept_free, mark_as_downgrade
from crm_sync.holds.entered_values import enter_value, overrides_of
from crm_sync.mapping.store import UnableToChangeMapping
from crm_sync.models import Connection, CrmDeal, Hold, SyncRecord
from crm_sync.oversight.tie_out import figures
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell
from tests.invariants import violations
from tests.pages import alerts, heading, rows

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def enter(
    hold: Hold, actor: User, *, key: str = "contract_value", value: str = "900", reason: str = "By phone."
):
    enter_value(hold=hold, key=key, value=value, reason=reason, actor=actor, at=AT)


@pytest.fixture
def held(salesforce: Connection, org: Org, run: Run) -> Hold:
    sell(org, Amount=None)
    run(salesforce)
    return Hold.objects.get()


@pytest.fixture
def browser(finance: User) -> Client:
    rights = (
        "view_hold",
        "change_hold",
        "change_syncrun",
        "view_syncrun",
        "view_contract",
        "change_fieldmapping",
        "approve_contract",
    )
    finance.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(finance)
    return client


def test_value_entered_here_makes_the_contract(
    held: Hold, salesforce: Connection, run: Run, finance: User
) -> None:
    enter(held, finance)

    assert CrmDeal.objects.get().overrides == {
        "contract_value": {
            "value": "900",
            "reason": "By phone.",
            "by": "fiona",
            "at": "2026-11-22T10:00:00+00:00",
        }
    }
    assert (run(salesforce).created, Contract.objects.get().value_minor) == (1, 90_000)
    assert Hold.objects.get().resolution == "imported"
    entry = AuditEntry.objects.get(action="value entered here")
    assert (entry.actor, entry.before, entry.after, entry.reason) == (
        finance,
        {"Contract Value": None},
        {"Contract Value": "900"},
        "By phone.",
    )


@pytest.mark.parametrize(
    ("key", "value", "reason", "sentence"),
    [
        ("contract_value", "900", " ", "Say why the value is entered here and not in the CRM."),
        ("contract_value", "", "x", "Enter a value for Contract Value."),
        (
            "contract_value",
            "1.000,00",
            "x",
            "Contract Value “1.000,00” is not a plain number; write it with digits and a decimal point only.",
        ),
        ("contract_value", "-5", "x", "Contract Value “-5” is not above zero."),
        ("contract_value", "0", "x", "Contract Value “0” is not above zero."),
        ("contract_value", "9" * 2001, "x", "Contract Value is longer than 2,000 characters. Shorten it."),
        (
            "duration",
            "12",
            "x",
            "This field no longer holds up the deal, or entering a value cannot fix it.",
        ),
        (
            "no field",
            "12",
            "x",
            "This field no longer holds up the deal, or entering a value cannot fix it.",
        ),
    ],
)
def test_value_that_cannot_be_entered(
    held: Hold, finance: User, key: str, value: str, reason: str, sentence: str
) -> None:
    with pytest.raises((UnableToDecideHold, UnableToChangeMapping)) as refusal:
        enter(held, finance, key=key, value=value, reason=reason)

    assert str(refusal.value) == sentence
    assert CrmDeal.objects.get().overrides == {}


def test_account_cannot_be_entered(salesforce: Connection, org: Org, run: Run, finance: User) -> None:
    sell(org, account=None)
    run(salesforce)
    hold = Hold.objects.get()
    assert hold.code == HoldCode.NO_ACCOUNT

    with pytest.raises(UnableToDecideHold, match=r"entering a value cannot fix it\.$"):
        enter(hold, finance, key="customer_name", value="Acme")


def test_case_71_entered_value_stays_when_the_crm_changes_and_the_difference_is_shown(
    held: Hold, salesforce: Connection, org: Org, run: Run, finance: User, browser: Client
) -> None:
    enter(held, finance)
    run(salesforce)
    org.edit(held.crm_deal.external_id, Amount=1500)

    done = run(salesforce)

    assert (done.unchanged, done.updated, Contract.objects.get().value_minor) == (1, 0, 90_000)
    record = SyncRecord.objects.latest("id")
    (step,) = [one for one in record.trace if one["field"] == "Contract Value"]
    assert (record.outcome, step["source"], step["value"], step["crm"]) == (
        Outcome.UNCHANGED,
        "Entered here, the CRM says “1500.0”",
        "900",
        "1500.0",
    )
    (shown,) = overrides_of(CrmDeal.objects.get())
    assert (shown.label, shown.value, shown.crm, shown.by) == ("Contract Value", "900", "1500.0", "fiona")
    page = browser.get(Contract.objects.get().get_absolute_url())
    assert ["Contract Value", "900", "1500.0", "By phone."] in [row[:4] for row in rows(page)]


def test_entered_value_that_is_taken_back(
    held: Hold, salesforce: Connection, org: Org, run: Run, finance: User, browser: Client
) -> None:
    enter(held, finance)
    run(salesforce)
    org.tables["Opportunity"][held.crm_deal.external_id] |= {
        "Amount": 1500,
        "SystemModstamp": "2026-01-02T00:00:00.000+0000",
    }
    deal = CrmDeal.objects.get()

    page = browser.post(f"/deals/{deal.pk}/take-back/", {"key": "contract_value"}, follow=True)
    again = browser.post(
        f"/deals/{deal.pk}/take-back/", {"key": "contract_value", "once": "another"}, follow=True
    )
    run(salesforce)

    assert (
        alerts(page)[0]
        == "Acme platform follows the CRM again. Fincelo was asked to read it again from Salesforce."
    )
    assert alerts(again)[0] == "This value has since been taken back."
    assert (Contract.objects.get().value_minor, CrmDeal.objects.get().overrides) == (150_000, {})
    assert AuditEntry.objects.get(action="entered value taken back").before == {"Contract Value": "900"}


def test_value_is_entered_on_the_page(held: Hold, browser: Client) -> None:
    shown = browser.get(f"/holds/{held.pk}/").text
    refused = browser.post(
        f"/holds/{held.pk}/enter/", {"key": "contract_value", "value": "lots", "reason": "x"}, follow=True
    )
    bare = browser.post(f"/holds/{held.pk}/enter/", {"key": "contract_value", "value": "5"}, follow=True)
    page = browser.post(
        f"/holds/{held.pk}/enter/", {"key": "contract_value", "value": "900", "reason": "Mail."}, follow=True
    )
    none = browser.post(f"/holds/{held.pk}/enter/", {"key": "nonsense", "value": "5"}, follow=True)

    assert "What is the Contract Value of this deal?" in shown
    for kept, told in (
        ('value="lots"', "Enter an amount in digits, such as 1200.00 or 1.200,00."),
        ("x</textarea>", "Enter an amount in digits, such as 1200.00 or 1.200,00."),
    ):
        assert (kept in refused.text, told in refused.text) == (True, True)
    assert refused.text.count("<details data-confirm open>") == 1
    assert ('value="5"' in bare.text, "This field is required." in bare.text) == (True, True)
    assert alerts(page)[0] == (
        "Contract Value of Acme platform is “900” from now on. Fincelo was asked to read it again from Salesforce."
    )
    assert alerts(none)[0] == "Fincelo does not know this field. Choose a fix below."
    assert ["Contract Value", "900", "nothing", "Mail."] in [row[:4] for row in rows(page)]


@pytest.mark.parametrize("action", ["enter", "free", "downgrade"])
def test_hold_settled_meanwhile_is_left_alone(held: Hold, browser: Client, action: str) -> None:
    Hold.objects.update(resolved_at=AT, resolution="imported")

    page = browser.post(
        f"/holds/{held.pk}/{action}/", {"key": "contract_value", "value": "9", "reason": "x"}, follow=True
    )

    assert alerts(page)[0] == "This hold has since been settled."
    assert CrmDeal.objects.get().overrides == {}


@pytest.mark.parametrize("action", ["enter", "free", "downgrade", "dismiss"])
def test_decisions_need_their_right(held: Hold, finance: User, browser: Client, action: str) -> None:
    finance.user_permissions.remove(Permission.objects.get(codename="change_hold"))

    assert browser.post(f"/holds/{held.pk}/{action}/").status_code == 403
    assert browser.post(f"/deals/{held.crm_deal_id}/take-back/").status_code == 403


@pytest.fixture
def zero(salesforce: Connection, org: Org, run: Run) -> Hold:
    sell(org, Amount=0)
    run(salesforce)
    return Hold.objects.get()


def test_case_2_amount_of_zero_is_accepted_as_a_free_contract(
    zero: Hold, salesforce: Connection, run: Run, browser: Client
) -> None:
    ensure_legal_entity()
    assert zero.code == HoldCode.AMOUNT_NOT_POSITIVE
    assert "Accept as a free contract" in browser.get(f"/holds/{zero.pk}/").text

    page = browser.post(f"/holds/{zero.pk}/free/", follow=True)
    done = run(salesforce)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)

    assert (
        alerts(page)[0]
        == "Acme platform is accepted as a free contract. Fincelo was asked to read it again from Salesforce."
    )
    contract = Contract.objects.get()
    assert (done.created, contract.state, contract.value_minor, contract.currency) == (1, "active", 0, "USD")
    assert (Instalment.objects.count(), Invoice.objects.count()) == (0, 0)
    assert BillingSchedule.objects.get().state == ScheduleState.ENDED
    assert SyncRecord.objects.latest("id").sentence == "Free contract created: nothing is billed."
    assert AuditEntry.objects.filter(action="free contract accepted").count() == 1
    shown = browser.get(contract.get_absolute_url())
    assert heading(shown) == "Contracts Acme platform Active A free contract: nothing is billed."
    assert violations() == {}
    assert [one for one in figures(month=TODAY.replace(day=1)) if one.is_red] == []
    complete_contracts(as_of=contract.end_date)
    contract.refresh_from_db()
    assert contract.state == "completed"


def test_free_contract_that_is_given_an_amount_is_billed_by_it(
    zero: Hold, salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    accept_free(hold=zero, actor=finance)
    run(salesforce)
    org.edit(zero.crm_deal.external_id, Amount=1200)

    run(salesforce)
    paid = (
        Contract.objects.get().value_minor,
        Instalment.objects.count(),
        BillingSchedule.objects.get().state,
    )
    org.edit(zero.crm_deal.external_id, Amount=0)
    run(salesforce)

    assert paid == (120_000, 4, ScheduleState.ACTIVE)
    assert (Contract.objects.get().value_minor, Instalment.objects.count()) == (0, 0)
    assert BillingSchedule.objects.get().state == ScheduleState.ENDED
    assert violations() == {}


def test_only_zero_is_free(held: Hold, finance: User) -> None:
    with pytest.raises(UnableToDecideHold, match=r"^Only a deal with an amount of zero can be accepted"):
        accept_free(hold=held, actor=finance)


@pytest.mark.parametrize("amount", [-1, -0.01, -1e12])
def test_case_3_negative_amount_is_never_billed_and_may_be_a_downgrade(
    salesforce: Connection, org: Org, run: Run, browser: Client, amount: float
) -> None:
    sell(org, Amount=amount)
    run(salesforce)
    hold = Hold.objects.get()
    shown = browser.get(f"/holds/{hold.pk}/").text
    assert ("Mark as a downgrade" in shown, "free contract" in shown) == (True, False)

    page = browser.post(f"/holds/{hold.pk}/downgrade/", follow=True)
    run(salesforce)

    assert alerts(page)[0] == (
        "Acme platform is dismissed as a downgrade. Change or credit the contract that it lowers."
    )
    assert (CrmDeal.objects.get().state, Contract.objects.count(), Invoice.objects.count()) == (
        DealState.DISMISSED,
        0,
        0,
    )
    assert AuditEntry.objects.get(action="hold dismissed").reason == (
        "A downgrade of another contract: no invoice, and no credit note automatically."
    )


def test_only_a_negative_amount_is_a_downgrade(zero: Hold, finance: User) -> None:
    with pytest.raises(UnableToDecideHold, match=r"^Only a deal with a negative amount"):
        mark_as_downgrade(hold=zero, actor=finance)
