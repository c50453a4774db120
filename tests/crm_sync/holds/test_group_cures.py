"""One decision cures every deal of its kind."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_q.models import OrmQ

from contracts.enums import BillingCycle
from contracts.models import AuditEntry, Contract
from crm_sync import tasks
from crm_sync.enums import DealState, HoldCode, RunTrigger, Target, Transform
from crm_sync.holds.deciding import UnableToDecideHold, dismiss_group
from crm_sync.holds.groups import GroupKey, group_of, hold_groups, members, to_read_again
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal, Hold, MappingVersion, SyncRun
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.importing.statements import noted
from tests.crm_sync.sales import sell
from tests.pages import alerts, field_errors

RIGHTS = ("view_hold", "change_hold", "change_syncrun", "change_fieldmapping", "view_syncrun")


@pytest.fixture
def browser(finance: User) -> Client:
    finance.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="crm_sync", codename__in=RIGHTS)
    )
    client = Client()
    client.force_login(finance)
    return client


def read_by_table_only(connection: Connection) -> None:
    """As a finance team has it that trusts no built-in words."""
    rules = [
        FieldRule(
            target=rule.target,
            source_object=rule.source_object,
            source_field=rule.source_field,
            transform=Transform.TABLE_ONLY if rule.target is Target.BILLING_CYCLE else rule.transform,
        )
        for rule in current_rules(connection=connection).rules
    ]
    save_mapping(connection=connection, rules=rules, translations={}, actor=None)


def sell_many(org: Org, number: int, **fields: Any) -> list[str]:
    """So many deals that one cause holds, each of another customer."""
    accounts = [org.add_account(f"Customer {place}") for place in range(number)]
    return [sell(org, account=account, **fields) for account in accounts]


def group_named(connection: Connection, raw: str) -> GroupKey:
    return GroupKey(
        connection_id=connection.pk, code=HoldCode.FREQUENCY_UNKNOWN, key="billing_cycle", raw=raw
    )


def posted(name: GroupKey, **fields: Any) -> dict[str, Any]:
    return {"connection": name.connection_id, "code": name.code, "key": name.key, "raw": name.raw, **fields}


def work_off() -> None:
    """What the worker does with the bells that have been rung."""
    for row in OrmQ.objects.order_by("id"):
        function, arguments = row.task["func"].rpartition(".")[2], row.task["args"]
        getattr(tasks, function)(*arguments)


@pytest.mark.parametrize("word", ["Yearly", "Once a year, in spring"])
def test_fifty_deals_held_for_one_word(
    salesforce: Connection, org: Org, run: Run, browser: Client, finance: User, word: str
) -> None:
    read_by_table_only(salesforce)
    sell_many(org, 50, Billing_Frequency__c=word)
    sell(org, Billing_Frequency__c="Every blue moon")
    run(salesforce)
    name = group_named(salesforce, word)
    versions, entries = MappingVersion.objects.count(), AuditEntry.objects.count()
    assert len(members(name)) == 50

    page = browser.post("/holds/group/translate/", posted(name, value="annual"), follow=True)
    work_off()

    assert alerts(page)[:1] == [f"“{word}” means Annual from now on. Mapping version 3."]
    done = SyncRun.objects.latest("id")
    assert (done.trigger, done.actor, done.state, done.seen, done.created, done.held, done.expected) == (
        RunTrigger.REPLAY,
        finance,
        "done",
        50,
        50,
        0,
        50,
    )
    assert set(Contract.objects.values_list("billing_cycle", flat=True)) == {BillingCycle.ANNUAL}
    assert Contract.objects.count() == 50
    assert MappingVersion.objects.count() == versions + 1
    written = AuditEntry.objects.filter(actor=finance).values_list("action", flat=True)
    assert (list(written), AuditEntry.objects.count()) == (["field mapping confirmed"], entries + 1)
    assert browser.get(f"/history/{done.pk}/").text.count("50 deals read again: 50 contracts created.") == 1
    assert group_of(name) is None
    assert Hold.objects.open().count() == 1


@pytest.mark.slow
def test_two_thousand_five_hundred_deals_are_read_in_pages(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    read_by_table_only(salesforce)
    sell_many(org, 2_500, Billing_Frequency__c="Yearly")
    run(salesforce)
    name = group_named(salesforce, "Yearly")
    browser.post("/holds/group/translate/", posted(name, value="annual"))

    with noted() as statements:
        work_off()

    assert (Contract.objects.count(), Hold.objects.open().count()) == (2_500, 0)
    writes = [one for one in statements if one.startswith("COPY")]
    assert len(writes) < 100


def test_replay_that_is_killed_is_gone_on_with_by_the_next_poll(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    read_by_table_only(salesforce)
    for deal in sell_many(org, 5, Billing_Frequency__c="Yearly"):
        org.tables["Opportunity"][deal]["SystemModstamp"] = "2026-01-02T00:00:00.000+0000"
    run(salesforce)
    name = group_named(salesforce, "Yearly")

    browser.post("/holds/group/translate/", posted(name, value="annual"))

    assert len(to_read_again(name)) == 5
    assert (run(salesforce).created, Contract.objects.count()) == (5, 5)
    work_off()
    assert SyncRun.objects.filter(trigger=RunTrigger.REPLAY).count() == 0


def test_translation_cures_the_same_word_however_it_is_written(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    read_by_table_only(salesforce)
    for word in ("Yearly", "yearly ", "YEARLY"):
        sell(org, account=org.add_account(word), Billing_Frequency__c=word)
    run(salesforce)

    browser.post("/holds/group/translate/", posted(group_named(salesforce, "YEARLY"), value="annual"))
    work_off()

    assert Contract.objects.count() == 3


def test_second_tab_changes_nothing_more(salesforce: Connection, org: Org, run: Run, browser: Client) -> None:
    read_by_table_only(salesforce)
    sell(org, Billing_Frequency__c="Yearly")
    run(salesforce)
    name = group_named(salesforce, "Yearly")
    browser.post("/holds/group/translate/", posted(name, value="annual"), follow=True)
    versions = MappingVersion.objects.count()

    second_tab = {**posted(name, value="annual"), "once": "second tab"}
    again = browser.post("/holds/group/translate/", second_tab, follow=True)
    work_off()
    late = browser.post("/holds/group/translate/", posted(name, value="monthly"), follow=True)

    assert alerts(again)[:1] == ["“Yearly” means Annual from now on."]
    assert alerts(late)[:1] == ["No deal is held for this reason now. Nothing changed."]
    assert (MappingVersion.objects.count(), Contract.objects.count()) == (versions, 1)


def test_default_value_cures_all_empty_ones(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    sell_many(org, 3, Contract_Term__c=None)
    run(salesforce)
    name = GroupKey(connection_id=salesforce.pk, code=HoldCode.TERM_MISSING, key="duration")

    page = browser.post("/holds/group/default/", posted(name, value="24"), follow=True)
    work_off()

    assert alerts(page)[:1] == [
        "Contract Duration is “24” where the CRM names none from now on. Mapping version 2."
    ]
    assert list(Contract.objects.values_list("duration_months", flat=True)) == [24, 24, 24]


@pytest.mark.parametrize("value", ["soon", "", "0", "1.5", "x" * 3000])
def test_default_that_is_no_value_of_the_field_changes_nothing(
    salesforce: Connection, org: Org, run: Run, browser: Client, value: str
) -> None:
    sell(org, Contract_Term__c=None)
    run(salesforce)
    name = GroupKey(connection_id=salesforce.pk, code=HoldCode.TERM_MISSING, key="duration")

    page = browser.post("/holds/group/default/", posted(name, value=value), follow=True)

    assert page.status_code == 200
    assert [*field_errors(page)] == ["default-0-value"]
    assert MappingVersion.objects.count() == 1
    assert not OrmQ.objects.exists()


def test_all_of_a_group_are_read_again(salesforce: Connection, org: Org, run: Run, browser: Client) -> None:
    for deal in sell_many(org, 3, Amount=None):
        org.edit(deal, Amount=None)
    other = sell(org, Contract_Term__c=None)
    run(salesforce)
    for deal in org.tables["Opportunity"]:
        org.tables["Opportunity"][deal] |= {"Amount": 900, "SystemModstamp": "2026-01-02T00:00:00.000+0000"}
    name = GroupKey(connection_id=salesforce.pk, code=HoldCode.AMOUNT_MISSING, key="contract_value")

    page = browser.post("/holds/group/replay/", posted(name))
    work_off()

    assert page.headers["Location"].startswith(f"/holds/replaying/{salesforce.pk}/?after=")
    assert (Contract.objects.count(), CrmDeal.objects.held().get().external_id) == (3, other)
    shown = browser.get(page.headers["Location"])
    assert shown.headers["Location"] == f"/history/{SyncRun.objects.latest('id').pk}/"


def test_group_that_a_poll_read_before_the_worker_came_leads_to_that_poll(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    (deal,) = sell_many(org, 1, Amount=None)
    run(salesforce)
    name = GroupKey(connection_id=salesforce.pk, code=HoldCode.AMOUNT_MISSING, key="contract_value")
    org.edit(deal, Amount=900)
    page = browser.post("/holds/group/replay/", posted(name))

    waiting = browser.get(page.headers["Location"])
    poll = run(salesforce)
    work_off()

    assert "waits for the worker since" in waiting.text
    assert not SyncRun.objects.filter(trigger=RunTrigger.REPLAY).exists()
    assert browser.get(page.headers["Location"]).headers["Location"] == poll.get_absolute_url()


def test_deal_that_was_dismissed_meanwhile_is_not_imported_by_the_replay(
    salesforce: Connection, org: Org, run: Run, browser: Client, finance: User, monkeypatch
) -> None:
    """The worker takes its list, and only then a person dismisses one of the deals."""
    deals = sell_many(org, 2, Amount=None)
    run(salesforce)
    for deal in deals:
        org.tables["Opportunity"][deal]["Amount"] = 900
    dismissed = Hold.objects.get(crm_deal__external_id=deals[0])
    CrmDeal.objects.filter(pk=dismissed.crm_deal_id).update(state=DealState.DISMISSED)

    done = run(salesforce, external_ids=deals, overrules=False)

    assert (done.created, done.unchanged) == (1, 1)


def test_dismissed_group_tells_who_and_why_at_each_deal(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    sell_many(org, 3, Amount=-5)
    sell(org, Amount=None)
    run(salesforce)
    name = GroupKey(
        connection_id=salesforce.pk, code=HoldCode.AMOUNT_NOT_POSITIVE, key="contract_value", raw="-5.0"
    )
    (shown,) = [one for one in hold_groups() if one.stake.number == 3]
    assert shown.name == name

    refused = browser.post("/holds/group/dismiss/", posted(name, number=3, reason=" "), follow=True)
    page = browser.post("/holds/group/dismiss/", posted(name, number=3, reason="Credits."), follow=True)

    assert field_errors(refused) == {"id_reason": "This field is required."}
    assert alerts(page)[0] == "3 deals are dismissed and will not be billed."
    assert list(CrmDeal.objects.order_by("state").values_list("state", flat=True)) == ["dismissed"] * 3 + [
        "held"
    ]
    entries = AuditEntry.objects.filter(action="hold dismissed")
    assert entries.count() == 3
    assert {(one.actor_name, one.reason, one.after["code"]) for one in entries} == {
        ("fiona", "Credits.", "AMOUNT_NOT_POSITIVE")
    }


def test_deal_that_nobody_has_seen_is_not_dismissed_with_the_others(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    sell_many(org, 3, Amount=None)
    run(salesforce)
    name = GroupKey(connection_id=salesforce.pk, code=HoldCode.AMOUNT_MISSING, key="contract_value")

    with pytest.raises(
        UnableToDecideHold, match=r"^More deals have been held for this reason since you opened the page\."
    ):
        dismiss_group(name=name, actor=finance, reason="Tests.", at_most=2)

    assert Hold.objects.open().count() == 3


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("translate", "change_fieldmapping"),
        ("default", "change_fieldmapping"),
        ("replay", "change_syncrun"),
        ("dismiss", "change_hold"),
    ],
)
def test_each_cure_needs_its_right(finance: User, browser: Client, path: str, right: str) -> None:
    finance.user_permissions.remove(Permission.objects.get(codename=right))

    assert browser.post(f"/holds/group/{path}/").status_code == 403
    assert browser.get(f"/holds/group/{path}/").status_code == 405


@pytest.mark.parametrize(
    "fields",
    [
        {"connection": "x"},
        {"code": "NONSENSE"},
        {"key": "no such field"},
        {"key": "custom:"},
        {"raw": "y" * 9_000_000},
        {"raw": "\x00"},
        {"connection": "9" * 30},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_group_that_is_none_is_answered_with_a_sentence(
    salesforce: Connection, browser: Client, settings, fields: dict[str, Any]
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000_000
    asked = posted(group_named(salesforce, "Yearly"), value="annual") | fields

    page = browser.post("/holds/group/translate/", asked, follow=True)
    shown = browser.get("/holds/group/", {**asked, "raw": str(asked["raw"])[:500]})

    assert (page.status_code, shown.status_code) == (200, 200)
    assert alerts(page)[0] == "No deal is held for this reason now. Nothing changed."
    assert "Nothing is held for this" in shown.text
