import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from contracts import check_mails, tasks
from contracts.models import Workspace
from fincelo import checking
from fincelo.health import beat
from fincelo.invariants import Finding, Invariant, UnableToAsk, ask, register, registered
from fincelo.models import InvariantCheck, InvariantResult
from tests.invariants import TESTS_EMPTY_TABLES

pytestmark = pytest.mark.django_db

LINE = (
    "I30 workspace_has_a_time_zone: The workspace's time zone Mars/Olympus is unknown, so no billing date can be "
    "told. Set it to an IANA name such as Europe/Berlin."
)


@pytest.fixture(autouse=True)
def _without_what_tests_switch_off(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = {rule.name: rule for rule in registered() if rule.name != TESTS_EMPTY_TABLES}
    monkeypatch.setattr("fincelo.invariants._registered", rules)


@pytest.fixture
def olga() -> User:
    olga = User.objects.create_user("olga", email="olga@example.com")
    olga.groups.add(Group.objects.get(name="Operator"))
    return olga


def waiting() -> list[dict[str, Any]]:
    """What the worker was asked to do."""
    return [row.task for row in OrmQ.objects.order_by("pk")]


def set_zone(zone: str) -> None:
    Workspace.objects.update_or_create(pk=1, defaults={"time_zone": zone})


def check_invariants(*args: str) -> tuple[int, str]:
    out, code = StringIO(), 0
    try:
        call_command("check_invariants", *args, stdout=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, out.getvalue().strip()


def test_command_with_nothing_wrong() -> None:
    asked = len(registered())

    assert check_invariants() == (0, f"{asked} invariants asked, no violations.")
    assert check_invariants("--json") == (
        0,
        json.dumps({"ok": True, "invariants": asked, "violations": 0, "findings": [], "not_asked": []}),
    )


def test_command_with_a_violation_prints_one_line_and_exits_with_1() -> None:
    set_zone("Mars/Olympus")

    code, text = check_invariants()
    json_code, json_text = check_invariants("--json")

    assert (code, text) == (1, f"{LINE}\n{len(registered())} invariants asked, 1 violation.")
    assert (json_code, json.loads(json_text)) == (
        1,
        {
            "ok": False,
            "invariants": len(registered()),
            "violations": 1,
            "findings": [
                {
                    "number": "I30",
                    "name": "workspace_has_a_time_zone",
                    "count": 1,
                    "sentences": [LINE.partition(": ")[2]],
                }
            ],
            "not_asked": [],
        },
    )


def test_more_than_twenty_are_counted() -> None:
    finding = Finding(number="I1", name="x", count=22, sentences=[f"Deal {n}." for n in range(20)])

    assert checking.lines_of([finding])[19:] == ["I1 x: Deal 19.", "I1 x: 2 more of the same kind."]


def test_two_rules_of_one_name_are_refused() -> None:
    rule = registered()[0]

    with pytest.raises(ValueError, match=rf"^There are two invariants called {rule.name}\.$"):
        register([type(rule)(number="I99", name=rule.name, sql="", sentence="")])


def test_people_are_told_what_is_new_and_told_once(olga: User) -> None:
    set_zone("Mars/Olympus")

    tasks.check_at_night()
    checking.check()
    told_again = check_mails.tell()

    [sent] = mail.outbox
    assert (told_again, sent.to) == (False, ["olga@example.com"])
    assert sent.subject == "Fincelo: what is stored breaks its rules, 1 violation"
    assert LINE in sent.body


def test_what_was_cured_and_is_back_is_told_again(olga: User) -> None:
    for zone in ("Mars/Olympus", "UTC", "Mars/Olympus"):
        set_zone(zone)
        checking.check()
        check_mails.tell()

    assert len(mail.outbox) == 2


def test_what_could_not_be_sent_is_tried_again(request: pytest.FixtureRequest) -> None:
    set_zone("Mars/Olympus")
    checking.check()

    nobody = check_mails.tell()
    request.getfixturevalue("olga")
    somebody = check_mails.tell()

    assert (nobody, somebody, len(mail.outbox)) == (False, True, 1)


@pytest.mark.parametrize(("age", "again"), [(timedelta(minutes=0), False), (timedelta(days=1), True)])
def test_a_night_is_checked_once(age: timedelta, again: bool) -> None:
    tasks.check_at_night()
    for model in (InvariantCheck, InvariantResult):
        model.objects.update(checked_at=Now() - age)
    before = InvariantCheck.objects.get().checked_at

    tasks.check_at_night()

    assert (InvariantCheck.objects.get().checked_at != before) is again


def test_each_rule_keeps_its_own_result() -> None:
    set_zone("Mars/Olympus")

    checking.check()

    rules = [rule.name for rule in registered()]
    assert sorted(InvariantResult.objects.values_list("name", flat=True)) == sorted(rules)
    violated = InvariantResult.objects.exclude(count=0).values(
        "name", "number", "count", "sentences", "problem"
    )
    assert list(violated) == [
        {
            "name": "workspace_has_a_time_zone",
            "number": "I30",
            "count": 1,
            "sentences": [LINE.partition(": ")[2]],
            "problem": "",
        }
    ]


def test_a_round_that_was_killed_asks_only_what_is_left() -> None:
    night = timezone.now() - timedelta(hours=1)
    checking.check()
    lost = registered()[3].name
    InvariantResult.objects.filter(name=lost).delete()
    InvariantCheck.objects.update(checked_at=night - timedelta(days=1))
    before = dict(InvariantResult.objects.values_list("name", "checked_at"))

    over = checking.check_since(since=night)

    after = dict(InvariantResult.objects.values_list("name", "checked_at"))
    assert over
    assert {name for name, at in after.items() if before.get(name) != at} == {lost}
    assert InvariantCheck.objects.get().checked_at > night


def test_a_pass_that_has_taken_long_leaves_the_rest_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    set_zone("UTC")
    monkeypatch.setattr(checking, "AT_ONCE", 0)

    tasks.check_at_night()

    assert (InvariantResult.objects.count(), InvariantCheck.objects.count()) == (0, 0)
    assert [signed["func"] for signed in waiting()] == ["contracts.tasks.check_at_night"]


def test_a_rule_that_takes_too_long_is_no_rule_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Invariant(number="I99", name="endless", sql="SELECT pg_sleep(9)::text AS id", sentence="")
    monkeypatch.setattr("fincelo.invariants._registered", {"endless": endless})
    monkeypatch.setattr(checking, "LONGEST", 1)
    line = "I99 endless: It took longer than 1 seconds and was stopped. `manage.py check_invariants` gives it more."

    assert check_invariants() == (1, f"{line}\n0 invariants asked, no violations.")
    assert checking.not_asked() == [line]
    with pytest.raises(UnableToAsk):
        ask(endless, seconds=1)


@pytest.mark.parametrize(
    ("zone", "at", "night"),
    [
        ("UTC", "2026-11-22T12:00", "2026-11-22T02:00"),
        ("UTC", "2026-11-22T01:59", "2026-11-21T02:00"),
        ("America/New_York", "2026-11-22T06:59", "2026-11-21T07:00"),
        ("America/New_York", "2026-11-22T07:00", "2026-11-22T07:00"),
        ("Pacific/Kiritimati", "2026-11-22T11:59", "2026-11-21T12:00"),
        ("Mars/Olympus", "2026-11-22T12:00", "2026-11-22T02:00"),
    ],
)
def test_the_night_is_that_of_the_workspace(zone: str, at: str, night: str) -> None:
    set_zone(zone)

    begun = tasks.last_night(at=datetime.fromisoformat(f"{at}Z"))

    assert begun == datetime.fromisoformat(f"{night}Z").astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "age", "state"),
    [
        ("UTC", timedelta(0), "ok"),
        ("Mars/Olympus", timedelta(0), "violated"),
        ("UTC", timedelta(days=3), "unchecked"),
    ],
)
def test_healthz_tells_the_last_check_and_stays_200(zone: str, age: timedelta, state: str) -> None:
    beat()
    set_zone(zone)
    checking.check()
    InvariantCheck.objects.update(checked_at=Now() - age)

    response = Client().get("/healthz")

    assert (response.status_code, response.json()["invariants"]) == (200, state)
