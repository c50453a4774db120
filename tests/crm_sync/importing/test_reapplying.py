"""A new field mapping, applied to contracts that are unbilled and to holds."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection as database
from django_q.models import OrmQ

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from contracts.enums import BillingCycle
from contracts.models import Contract
from crm_sync import tasks
from crm_sync.connections.settings import save_settings
from crm_sync.enums import RunTrigger, Target
from crm_sync.importing.fetching import Order
from crm_sync.importing.reapplying import Impact, impact_of, left_to_read, mark, marked_ids
from crm_sync.models import Connection, CrmDeal, SyncRun
from crm_sync.sync import sync
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run, confirm
from tests.crm_sync.sales import TODAY, sell


def cycles() -> dict[str, str]:
    rows = Contract.objects.values_list("crm_deal__external_id", "billing_cycle")
    return dict(rows)


def translate_quarterly(connection: Connection, cycle: BillingCycle = BillingCycle.MONTHLY) -> None:
    """From now on "Quarterly" means something else, which concerns every deal that says so."""
    connection.refresh_from_db()
    confirm(connection, translations={"Quarterly": cycle})


def reapply(connection: Connection, **order: Any) -> SyncRun:
    connection.refresh_from_db()
    return sync(
        connection=connection, order=Order(trigger=RunTrigger.REAPPLY, as_of=date(2026, 11, 22), **order)
    )


def test_unbilled_contracts_and_holds_are_what_a_version_concerns(
    salesforce: Connection, org: Org, run: Run
) -> None:
    ensure_legal_entity()
    sell(org)
    run(salesforce)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    sell(org, CloseDate=date(2027, 3, 1))
    sell(org, CloseDate=date(2027, 4, 1))
    sell(org, Amount=None)
    run(salesforce)

    assert impact_of(salesforce) == Impact(contracts=2, holds=1)
    assert str(impact_of(salesforce)) == "2 unbilled contracts and 1 hold"


@pytest.mark.parametrize("state", ["terminated", "completed"])
def test_contract_that_is_over_is_not_concerned(
    salesforce: Connection, org: Org, run: Run, state: str
) -> None:
    sell(org)
    run(salesforce)
    Contract.objects.update(state=state)

    assert impact_of(salesforce) == Impact(contracts=0, holds=0)
    assert not impact_of(salesforce)


def test_reapply_changes_what_is_unbilled_and_leaves_what_is_invoiced(
    salesforce: Connection, org: Org, run: Run
) -> None:
    ensure_legal_entity()
    billed = sell(org)
    run(salesforce)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    unbilled = sell(org, CloseDate=date(2027, 3, 1))
    held = sell(org, CloseDate=date(2027, 4, 1), Billing_Frequency__c=None)
    run(salesforce)
    salesforce.refresh_from_db()
    confirm(
        salesforce,
        defaults={Target.BILLING_CYCLE: "annual"},
        translations={"Quarterly": BillingCycle.MONTHLY},
    )

    marked = mark(salesforce)
    done = reapply(salesforce)

    assert marked == Impact(contracts=1, holds=1)
    assert cycles() == {billed: "quarterly", unbilled: "monthly", held: "annual"}
    assert (done.trigger, done.state, done.seen, done.expected) == ("reapply", "done", 2, 2)
    assert (done.updated, done.created, done.refused) == (1, 1, 0)
    assert left_to_read(salesforce) == 0


def test_contract_invoiced_after_it_was_marked_is_not_changed(
    salesforce: Connection, org: Org, run: Run
) -> None:
    ensure_legal_entity()
    deal = sell(org)
    run(salesforce)
    translate_quarterly(salesforce)
    mark(salesforce)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)

    done = reapply(salesforce)

    assert (done.refused, cycles()) == (1, {deal: "quarterly"})


def test_what_a_stopped_run_left_is_read_by_the_next_poll(salesforce: Connection, org: Org, run: Run) -> None:
    deals = [sell(org, CloseDate=date(2027, 3, day)) for day in (1, 2, 3)]
    run(salesforce)
    translate_quarterly(salesforce)
    mark(salesforce)

    run(salesforce)

    assert cycles() == dict.fromkeys(deals, "monthly")
    assert left_to_read(salesforce) == 0


def test_run_at_work_with_old_settings_does_not_settle_what_they_cure(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """It has read its settings; then somebody chooses the currency that held deals lack."""
    deal = sell(org, CurrencyIsoCode=None)
    Connection.objects.update(default_currency="")
    salesforce.refresh_from_db()
    assert run(salesforce).held == 1
    org.edit(deal, Amount=2400)
    saved = []

    def save_meanwhile(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if "crm_sync_crmdeal" in sql and "external_id" in sql and not saved:
            saved.append(True)
            changes = {"default_currency": "EUR"}
            save_settings(connection=Connection.objects.get(), changes=changes, actor=None)
        return execute(sql, *args)

    with database.execute_wrapper(save_meanwhile):
        assert run(salesforce).state == "failed"
    run(salesforce)

    assert list(Contract.objects.values_list("currency", "value_minor")) == [("EUR", 240_000)]


def test_run_at_work_with_the_old_mapping_does_not_settle_what_was_marked(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """It has read its mapping; then somebody saves another one and has it applied."""
    deal = sell(org, CloseDate=date(2027, 3, 1))
    run(salesforce)
    org.edit(deal, Amount=2400)
    saved = []

    def save_meanwhile(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if "crm_sync_crmdeal" in sql and "external_id" in sql and not saved:
            saved.append(True)
            translate_quarterly(Connection.objects.get())
            mark(Connection.objects.get())
        return execute(sql, *args)

    with database.execute_wrapper(save_meanwhile):
        done = run(salesforce)

    assert (done.state, done.error) == (
        "failed",
        "The field mapping or the settings were changed while this run was at work. "
        "The next run reads with what is in force.",
    )
    assert left_to_read(salesforce) == 1
    salesforce.refresh_from_db()
    assert salesforce.state == "connected"

    run(salesforce)
    assert cycles() == {deal: "monthly"}
    assert list(Contract.objects.values_list("value_minor", flat=True)) == [240_000]


def test_task_reads_what_is_marked_in_one_run(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org, CloseDate=date(2027, 3, 1))
    run(salesforce)
    translate_quarterly(salesforce)
    mark(salesforce)

    tasks.reapply(salesforce.pk)
    tasks.reapply(salesforce.pk)

    assert cycles() == {deal: "monthly"}
    assert list(SyncRun.objects.order_by("id").values_list("trigger", flat=True)) == ["command", "reapply"]
    assert OrmQ.objects.count() == 0


def test_run_that_ran_out_of_time_rings_for_the_rest(
    salesforce: Connection, org: Org, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.add_won_deals(201)
    run(salesforce)
    mark(salesforce)
    monkeypatch.setattr(tasks, "LONGEST_RUN_SECONDS", 0)

    tasks.reapply(salesforce.pk)

    assert left_to_read(salesforce) == 1
    (rung,) = OrmQ.objects.all()
    assert (rung.task["func"], rung.task["args"]) == ("crm_sync.tasks.reapply", [salesforce.pk])


def test_deal_that_the_crm_does_not_show_stays_marked_and_rings_for_nothing(
    salesforce: Connection, org: Org, run: Run
) -> None:
    sell(org)
    run(salesforce)
    mark(salesforce)
    CrmDeal.objects.update(external_id="006000000000000AAA")

    tasks.reapply(salesforce.pk)

    assert (left_to_read(salesforce), OrmQ.objects.count()) == (1, 0)


def test_deals_of_another_connection_are_left_alone(
    salesforce: Connection, hubspot: Connection, org: Org, run: Run
) -> None:
    sell(org)
    run(salesforce)

    assert mark(hubspot) == Impact(contracts=0, holds=0)
    assert left_to_read(salesforce) == 0


def test_each_marked_deal_is_asked_for_once(salesforce: Connection, org: Org, run: Run) -> None:
    deals = [sell(org, CloseDate=date(2027, 3, day)) for day in (1, 2, 3)]
    run(salesforce)
    mark(salesforce)

    assert list(marked_ids(salesforce, at_once=2)) == [deals[:2], deals[2:]]


def test_saving_without_reapplying_leaves_unbilled_contracts_until_their_deals_change(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org, CloseDate=date(2027, 3, 1))
    run(salesforce)
    rules = salesforce.mapping_version
    translate_quarterly(salesforce)

    assert rules != salesforce.mapping_version
    assert left_to_read(salesforce) == 0
    assert cycles() == {deal: "quarterly"}
