"""Previews of imports of a connection that only previews, or that has imported before."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from contracts.enums import BillingCycle
from contracts.models import Contract
from crm_sync.connections.settings import save_settings
from crm_sync.enums import ConnectionMode
from crm_sync.models import BackfillDeal, Connection
from crm_sync.previews.first_import.task import UnableToBackfill, begin_import, decide_elsewhere
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run, confirm
from tests.crm_sync.previews.test_backfill import begun, outcomes, read
from tests.crm_sync.sales import sell


@pytest.fixture
def previewing(salesforce: Connection) -> Connection:
    save_settings(connection=salesforce, changes={"mode": ConnectionMode.PREVIEW}, actor=None)
    return salesforce


def test_deals_that_a_poll_has_previewed_are_in_the_preview(
    previewing: Connection, org: Org, run: Run, finance: User
) -> None:
    sell(org, Name="A", CloseDate=date(2026, 11, 1))
    run(previewing)

    backfill = read(begun(previewing))

    assert (outcomes(backfill), backfill.unchanged) == ([("A", "created", "")], 0)
    day = date(2026, 11, 30)
    decide_elsewhere(row=BackfillDeal.objects.get(), billed_until=day, at=timezone.now(), actor=finance)
    assert BackfillDeal.objects.get().billed_until == day


def test_import_is_begun_in_mode_preview_only_after_another_is_chosen(
    previewing: Connection, org: Org, run: Run, finance: User
) -> None:
    sell(org)
    backfill = read(begun(previewing))

    with pytest.raises(UnableToBackfill, match="is in mode Preview, so nothing would be imported"):
        begin_import(backfill=backfill, at=timezone.now(), actor=finance)
    assert backfill.state == "ready"

    save_settings(connection=previewing, changes={"mode": ConnectionMode.REVIEW}, actor=finance)
    backfill = type(backfill).objects.get(pk=backfill.pk)
    begin_import(backfill=backfill, at=timezone.now(), actor=finance)
    run(previewing)
    assert Contract.objects.get().state == "awaiting_approval"


def test_import_makes_what_was_previewed_of_deals_that_the_cursor_has_passed(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    sell(org, Name="A", CloseDate=date(2027, 3, 1), modified_at=timezone.now() - timedelta(days=2))
    sell(org, Name="B", CloseDate=date(2027, 3, 2))
    run(salesforce)
    confirm(salesforce, translations={"Quarterly": BillingCycle.MONTHLY})
    backfill = read(begun(salesforce))
    assert outcomes(backfill) == [("A", "updated", ""), ("B", "updated", "")]

    begin_import(backfill=backfill, at=timezone.now(), actor=finance)
    run(salesforce)

    assert list(Contract.objects.values_list("billing_cycle", flat=True)) == ["monthly"] * 2
