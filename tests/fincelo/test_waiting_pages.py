"""A page that waits for background work: it tells how it goes, ends its asking, and offers what to do."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm_sync import tasks
from crm_sync.enums import BackfillState
from crm_sync.models import Backfill
from fincelo.enums import WorkState
from fincelo.models import BackgroundWork
from fincelo.task_guard import tell_end, tell_start
from tests.crm_sync.page_rows import connect
from tests.pages import alerts, signed_in, words

pytestmark = pytest.mark.django_db
POLLS = 'hx-trigger="every 2s"'
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser() -> Client:
    return signed_in(
        "crm_sync.change_fieldmapping", "crm_sync.view_fieldmapping", "crm_sync.change_connection"
    )


@pytest.fixture
def backfill() -> Backfill:
    today = timezone.now().date()
    return Backfill.objects.create(connection=connect(), import_from=today, as_of=today, digest="")


@pytest.fixture
def work(backfill: Backfill) -> BackgroundWork:
    asked = tasks.request_preview(backfill_id=backfill.pk)
    assert asked is not None
    return asked


def fail(work: BackgroundWork) -> None:
    tell_start(task={"id": work.queue_id, "func": work.task})
    tell_end(func=tasks.preview_import, task={"id": work.queue_id, "func": work.task, "success": False})


def page_of(backfill: Backfill) -> str:
    return f"/settings/crm/{backfill.connection_id}/backfill/"


def test_preview_says_who_is_at_it_and_asks_on(
    browser: Client, backfill: Backfill, work: BackgroundWork
) -> None:
    waiting = browser.get(page_of(backfill))
    tell_start(task={"id": work.queue_id, "func": work.task})
    running = browser.get(page_of(backfill))

    assert "Preview of the import waits for the worker since" in words(waiting.text)
    assert "Preview of the import is under way: the worker has been at it since" in words(running.text)
    assert [POLLS in page.text for page in (waiting, running)] == [True, True]


def test_failed_preview_says_so_stops_asking_and_goes_on_when_asked(
    browser: Client, backfill: Backfill, work: BackgroundWork
) -> None:
    fail(work)
    address = f"/background/{work.pk}/again/"

    failed = browser.get(page_of(backfill))
    again = browser.post(address, {"next": page_of(backfill)}, follow=True)

    assert alerts(failed)[0].startswith("Preview of the import: Fincelo failed at it at ")
    assert f'action="{address}"' in failed.text
    assert (POLLS in failed.text, POLLS in again.text) == (False, True)
    assert again.request["PATH_INFO"] == page_of(backfill)


def test_cancelled_preview_is_set_aside(browser: Client, backfill: Backfill, work: BackgroundWork) -> None:
    fail(work)

    page = browser.post(f"/background/{work.pk}/cancel/", {"next": page_of(backfill)}, follow=True)

    backfill.refresh_from_db()
    work.refresh_from_db()
    assert (backfill.state, work.state) == (BackfillState.SET_ASIDE, WorkState.GIVEN_UP)
    assert POLLS not in page.text
    assert "Preview of the import: cancelled." in page.text


def test_part_of_a_page_ends_with_the_result(browser: Client, work: BackgroundWork) -> None:
    address = f"/background/{work.pk}/?next=/holds/"
    waits = browser.get(address, headers=HTMX)
    tell_end(func=tasks.preview_import, task={"id": work.queue_id, "func": work.task, "success": True})
    done = browser.get(address, headers=HTMX)

    assert (POLLS in waits.text, POLLS in done.text) == (True, False)
    assert "data-finished" in done.text
    assert '<a href="/holds/">Show the result</a>' in done.text
    assert "Preview of the import: done at" in words(done.text)


@pytest.mark.parametrize("action", ["again", "cancel"])
def test_only_who_may_ask_for_it_decides(work: BackgroundWork, action: str) -> None:
    fail(work)

    assert signed_in("crm_sync.view_fieldmapping").post(f"/background/{work.pk}/{action}/").status_code == 403


@pytest.mark.parametrize("address", ["https://example.com/", "//example.com", "javascript:alert(1)", ""])
def test_nobody_is_led_elsewhere(browser: Client, work: BackgroundWork, address: str) -> None:
    answer: Any = browser.post(f"/background/{work.pk}/again/", {"next": address})

    assert answer.url == "/"


def test_others_do_not_poll_what_they_may_not_see(backfill: Backfill, work: BackgroundWork) -> None:
    answer = signed_in("crm_sync.view_fieldmapping").get(f"/background/{work.pk}/", headers=HTMX)

    assert (answer.status_code, answer.text) == (286, "")  # asks no more
