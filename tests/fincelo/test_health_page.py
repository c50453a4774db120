"""The page says to people what /healthz says to monitors."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db.models.functions import Now
from django.test import Client
from django_q.models import Schedule

from billing.enums import BillingRunState, BillingTrigger
from billing.models import BillingRun
from contracts.models import Workspace
from fincelo import checking, health
from fincelo.states import mark
from fincelo.views import VIEW_HEALTH
from tests.billing.builders import TODAY
from tests.pages import heading, rows, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _schedules_on_time() -> None:
    Schedule.objects.update(next_run=Now())


def set_zone(zone: str) -> None:
    Workspace.objects.update_or_create(pk=1, defaults={"time_zone": zone})


def test_page_needs_its_right() -> None:
    assert signed_in("billing.view_invoice").get("/health/").status_code == 403


def test_each_part_is_as_healthz_says() -> None:
    health.beat()
    monitors = Client().get("/healthz").json()

    page = signed_in(VIEW_HEALTH).get("/health/")

    states = sorted(mark(state=state).word for name, state in monitors.items() if name != "invariants")
    lanes = ["In order"] * 3  # rows of their own under the queue
    assert sorted(row[1] for row in rows(page)) == sorted(states + lanes)
    assert set(monitors) == {
        *("database", "storage", "worker", "schedule", "queue", "disk"),
        *("invariants", "billing", "mail", "polls", "tie-out"),
    }


def test_a_worker_without_a_sign_of_life_is_a_problem_in_three_lines() -> None:
    page = signed_in(VIEW_HEALTH).get("/health/")

    text = words(page.text)
    assert (
        "The worker has never given a sign of life. Nothing is synced, billed or mailed automatically until it runs. "
        "Start the worker, or restart it: manage.py work."
    ) in text
    assert heading(page).startswith("Health Needs attention")


def test_a_broken_rule_is_told_with_its_line() -> None:
    set_zone("Mars/Olympus")
    checking.check()
    set_zone("UTC")

    text = words(signed_in(VIEW_HEALTH).get("/health/").text)

    assert "I30 workspace has a time zone: The workspace's time zone Mars/Olympus is unknown" in text


def test_a_failed_billing_run_is_told_with_its_reason() -> None:
    BillingRun.objects.create(
        trigger=BillingTrigger.SCHEDULE,
        as_of=TODAY,
        state=BillingRunState.FAILED,
        problems=[{"sentence": "The books are closed."}],
    )

    answer = Client().get("/healthz").json()
    text = words(signed_in(VIEW_HEALTH).get("/health/").text)

    assert answer["billing"] == "failed"
    assert "The last billing run failed. The books are closed. What is due stays due" in text


def test_a_schedule_that_is_late_is_told() -> None:
    Schedule.objects.filter(name="billing").update(next_run=Now() - timedelta(minutes=16))

    assert Client().get("/healthz").json()["schedule"] == "late"


@pytest.mark.parametrize(("group", "may"), [("Finance", True), ("Operator", True), ("Support", False)])
def test_who_may_open_it(group: str, may: bool) -> None:
    rights = Group.objects.get(name=group).permissions.filter(codename="view_invariantresult")

    assert rights.exists() is may
