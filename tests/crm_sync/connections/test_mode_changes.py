"""A mode that is changed while a run is at work, before the first one, and in a pause."""

import pytest
from django.contrib.auth.models import User

from contracts.models import Contract
from crm_sync.connections import pausing
from crm_sync.connections.settings import save_settings
from crm_sync.enums import ConnectionMode
from crm_sync.models import Connection, ConnectionLease, CrmDeal, SyncRun
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.modes import LIVE, PREVIEW, REVIEW, red_lines, switch
from tests.crm_sync.sales import sell
from tests.crm_sync.stored import stored


@pytest.mark.parametrize(("old", "new"), [(LIVE, PREVIEW), (PREVIEW, LIVE), (LIVE, REVIEW), (REVIEW, LIVE)])
def test_no_page_of_a_run_is_written_in_the_mode_that_was_left(
    salesforce: Connection, org: Org, run: Run, old: ConnectionMode, new: ConnectionMode
) -> None:
    switch(salesforce, old)
    org.max_page_size = 200
    org.add_won_deals(500)
    pages: list[int] = []

    def switch_after_the_first(at_work: SyncRun) -> None:
        pages.append(CrmDeal.objects.count())
        if len(pages) == 1:
            switch(Connection.objects.get(pk=salesforce.pk), new)

    overtaken = run(salesforce, on_page=switch_after_the_first)
    first = stored(but=["cursors"])
    assert (pages, overtaken.state, CrmDeal.objects.count()) == ([200], "running", 200)

    done = run(salesforce)

    assert done.state == "done"
    count = {LIVE: done.created, REVIEW: done.created, PREVIEW: done.previewed}[new]
    assert count == (500 if old is PREVIEW else 300)
    waiting = Contract.objects.awaiting().count()
    assert waiting == {REVIEW: 300, LIVE: 200 if old is REVIEW else 0, PREVIEW: 0}[new]
    assert Contract.objects.count() == {PREVIEW: 200, LIVE: 500, REVIEW: 500}[new]
    assert CrmDeal.objects.count() == 500
    assert len(first["contracts"]) == (0 if old is PREVIEW else 200)
    assert red_lines() == []


def test_a_first_run_cannot_begin_while_the_mode_is_changed(salesforce: Connection) -> None:
    assert ConnectionLease.objects.count() == 0

    switch(salesforce, PREVIEW)

    assert ConnectionLease.objects.get().token == 1


def test_settings_that_change_nothing_leave_a_run_its_lease(
    salesforce: Connection, org: Org, run: Run
) -> None:
    sell(org)
    run(salesforce)
    token = ConnectionLease.objects.get().token

    save_settings(connection=salesforce, changes={"mode": LIVE, "lead_days": 15}, actor=None)

    assert ConnectionLease.objects.get().token == token
    salesforce.refresh_from_db()
    assert salesforce.cursor_modified_at is not None


def test_the_cursor_outlasts_a_pause_with_changes_of_mode_in_it(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    sell(org)
    run(salesforce)
    salesforce.refresh_from_db()
    cursor = salesforce.cursor_modified_at
    pausing.pause(connection=salesforce, actor=finance)
    missed = sell(org, Name="While paused")
    switch(salesforce, REVIEW)
    switch(salesforce, LIVE)
    switch(salesforce, PREVIEW)
    salesforce.refresh_from_db()
    assert (salesforce.cursor_modified_at, salesforce.state) == (cursor, "paused")

    pausing.resume(connection=salesforce, actor=finance)
    previewed = run(salesforce)
    pausing.pause(connection=salesforce, actor=finance)
    switch(salesforce, LIVE)
    pausing.resume(connection=salesforce, actor=finance)
    done = run(salesforce)

    assert (previewed.previewed, previewed.unchanged) == (1, 1)
    assert (done.created, done.unchanged) == (1, 1)
    assert CrmDeal.objects.get(external_id=missed).state == "imported"
