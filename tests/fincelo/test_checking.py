import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client

from contracts.models import Workspace
from fincelo import checking, tasks
from fincelo.health import beat
from fincelo.invariants import Finding, register, registered
from fincelo.models import InvariantCheck
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
        json.dumps({"ok": True, "invariants": asked, "violations": 0, "findings": []}),
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
    told_again = checking.tell()

    [sent] = mail.outbox
    assert (told_again, sent.to) == (False, ["olga@example.com"])
    assert sent.subject == "Fincelo: what is stored breaks its rules, 1 violation"
    assert LINE in sent.body


def test_what_was_cured_and_is_back_is_told_again(olga: User) -> None:
    for zone in ("Mars/Olympus", "UTC", "Mars/Olympus"):
        set_zone(zone)
        checking.check()
        checking.tell()

    assert len(mail.outbox) == 2


def test_what_could_not_be_sent_is_tried_again(request: pytest.FixtureRequest) -> None:
    set_zone("Mars/Olympus")
    checking.check()

    nobody = checking.tell()
    request.getfixturevalue("olga")
    somebody = checking.tell()

    assert (nobody, somebody, len(mail.outbox)) == (False, True, 1)


@pytest.mark.parametrize(("age", "again"), [(timedelta(minutes=0), False), (timedelta(days=1), True)])
def test_a_night_is_checked_once(age: timedelta, again: bool) -> None:
    tasks.check_at_night()
    InvariantCheck.objects.update(checked_at=Now() - age)
    before = InvariantCheck.objects.get().checked_at

    tasks.check_at_night()

    assert (InvariantCheck.objects.get().checked_at != before) is again


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

    assert (response.status_code, response.json()) == (
        200,
        {"database": "ok", "worker": "ok", "polls": "ok", "invariants": state},
    )
