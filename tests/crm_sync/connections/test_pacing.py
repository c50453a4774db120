"""What is left of the day's API calls decides how often Fincelo calls."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from django_q.models import OrmQ

from contracts.models import Contract
from crm_sync import tasks
from crm_sync.connections import watch
from crm_sync.connections.pacing import backed_off, is_spent, pace_of
from crm_sync.deals import Allowance
from crm_sync.models import Connection
from demo.hubspot.portal import Portal
from demo.salesforce.answers import rest_error
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.told import told_by

SLOW = (
    "12,000 of the day's 15,000 API calls of this Salesforce are used. "
    "Fincelo polls every 30 minutes until it is less than 80%."
)
SPENT = (
    "14,250 of the day's 15,000 API calls of this Salesforce are used. "
    "Fincelo leaves the rest to other programs and looks again in an hour."
)


@pytest.mark.parametrize(
    ("used", "pace"),
    [
        (0, None),
        (11_999, None),
        (12_000, (timedelta(minutes=30), SLOW)),
        (14_250, (timedelta(hours=1), SPENT)),
    ],
)
def test_the_pace_of_an_allowance(used: int, pace: tuple[timedelta, str] | None) -> None:
    found = pace_of(Allowance(used=used, limit=15_000), provider="Salesforce")

    assert (found and (found.pause, found.finding.sentence)) == pace


def test_a_crm_that_says_nothing_of_its_limits_is_polled_as_usual() -> None:
    nonsense = Allowance(used=5, limit=0)

    assert [pace_of(one, provider="HubSpot") for one in (None, nonsense)] == [None, None]
    assert [is_spent(one) for one in (None, nonsense)] == [False, False]


def test_a_guessed_pause_doubles_up_to_four_hours() -> None:
    pauses = [backed_off(900, failures=failures) for failures in (0, 1, 2, 3, 4, 99)]

    assert [pause.total_seconds() / 60 for pause in pauses] == [15, 30, 60, 120, 240, 240]


@pytest.mark.parametrize("form", ["plain", "bursts", "per_app"])
def test_rule_5_2_above_80_percent_polls_are_half_an_hour_apart(
    salesforce: Connection, org: Org, run: Run, form: str
) -> None:
    org.limit_info_form = form
    org.add_won_deals(2)
    org.api_used = 12_500

    done = run(salesforce)

    salesforce.refresh_from_db()
    assert (done.state, done.created, salesforce.state) == ("done", 2, "degraded")
    assert told_by(salesforce) == [SLOW.replace("12,000", "12,502")]
    assert minutes_left(salesforce) == 30
    tasks.poll_due()
    assert OrmQ.objects.count() == 0
    org.api_used = 100
    run(salesforce)
    salesforce.refresh_from_db()
    assert (salesforce.state, told_by(salesforce), salesforce.not_before) == ("connected", [], None)


def test_rule_5_2_above_95_percent_a_run_stops_at_the_end_of_its_page(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.max_page_size = 10
    org.add_won_deals(25)
    org.api_used = 14_300

    stopped = run(salesforce)
    org.api_used = 100
    done = run(salesforce)

    assert (stopped.state, stopped.created, stopped.api_calls) == ("done", 10, 2)
    assert (done.state, done.created, Contract.objects.count()) == ("done", 15, 25)


def test_rule_5_2_an_answer_without_the_header_says_nothing(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.limit_info_form = None
    org.api_used = 14_300
    org.add_won_deals(1)

    done = run(salesforce)

    salesforce.refresh_from_db()
    assert (done.state, done.created, salesforce.state, told_by(salesforce)) == ("done", 1, "connected", [])


def test_case_77_a_used_up_allowance_is_left_alone_for_longer_and_longer(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.add_won_deals(1)
    org.intercept = lambda request: rest_error(
        "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403
    )
    pauses = []
    for _ in range(3):
        assert run(salesforce).state == "failed"
        salesforce.refresh_from_db()
        pauses.append(minutes_left(salesforce))
    org.intercept = None

    done = run(salesforce)

    assert (pauses, done.state, done.created) == ([15, 30, 60], "done", 1)


@pytest.mark.parametrize(("minutes", "polls"), [(16, "ok"), (44, "ok"), (46, "silent")])
def test_a_pause_that_fincelo_keeps_is_no_silence(
    salesforce: Connection, org: Org, run: Run, minutes: int, polls: str
) -> None:
    org.api_used = 12_500
    run(salesforce)

    later(salesforce, minutes=minutes)

    assert watch.polls() == polls


def test_a_pause_that_a_refusal_asked_for_is_silence(salesforce: Connection, org: Org, run: Run) -> None:
    run(salesforce)
    org.intercept = lambda request: rest_error(
        "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403
    )
    run(salesforce)

    later(salesforce, minutes=16)

    assert watch.polls() == "silent"


def later(connection: Connection, *, minutes: int) -> None:
    """Everything that is stored of the connection happened so long before."""
    past = timedelta(minutes=minutes)
    Connection.objects.filter(pk=connection.pk).update(
        created_at=F("created_at") - past,
        live_since=F("live_since") - past,
        last_success_at=F("last_success_at") - past,
        not_before=F("not_before") - past,
    )


def minutes_left(connection: Connection) -> int:
    assert connection.not_before is not None
    return round((connection.not_before - timezone.now()).total_seconds() / 60)


def test_rule_8_2_hubspots_day_sets_the_pace_as_well(
    hubspot: Connection, portal: Portal, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal.usage, "today", lambda **_: 900)
    portal.limits.daily = 1_000

    done = run(hubspot)

    hubspot.refresh_from_db()
    assert (done.state, hubspot.state, minutes_left(hubspot)) == ("done", "degraded", 30)
    assert told_by(hubspot) == [
        "900 of the day's 1,000 API calls of this HubSpot are used. "
        "Fincelo polls every 30 minutes until it is less than 80%."
    ]
