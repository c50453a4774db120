"""One door for pages and admin; a guesser gains less with each password."""

import logging
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from access import sessions
from access.models import FailedSignIn
from contracts.models import AuditEntry
from fincelo.models import CacheEntry
from tests.pages import words

RIGHT, WRONG = "a long pass phrase", "another guess 17"
HOME, AWAY = "203.0.113.7", "198.51.100.9"
DOORS = ("/login/", "/admin/login/")


@pytest.fixture
def dana(db: None) -> User:
    person = User.objects.create_user("dana", password=RIGHT, is_staff=True)
    person.groups.add(Group.objects.get(name="Finance"))
    return person


def knock(
    name: str, password: str, *, door: str = "/login/", address: str = HOME, client: Client | None = None
) -> int:
    """The status of the answer: 302 in, 200 wrong, 429 not looked at. Follows the admin's door to the one."""
    visitor = client or Client()
    said = {"username": name, "password": password}
    answer = visitor.post(door, said, REMOTE_ADDR=address)
    if answer.status_code == 302 and answer.headers["Location"].startswith("/login/"):
        answer = visitor.post(answer.headers["Location"], said, REMOTE_ADDR=address)
    return answer.status_code


def let_pass(**span: float) -> None:
    """What was counted happened that much earlier."""
    seconds = timedelta(**span).total_seconds()
    for entry in CacheEntry.objects.all():
        if isinstance(entry.value, list):
            entry.value = [moment - seconds for moment in entry.value]
            entry.save()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["dana", "DANA", "nobody of that name"])
def test_sixth_guess_is_not_looked_at_whoever_is_meant(dana: User, door: str, name: str) -> None:
    answers = [knock(name, WRONG, door=door) for _ in range(10)]

    assert answers == [200] * 5 + [429] * 5
    assert knock(name, RIGHT, door=door) == 429


def test_spellings_of_a_name_count_together(dana: User) -> None:
    names = ["dana", "Dana", "DANA", " dana ", "dAnA", "DaNa"]

    assert [knock(name, WRONG) for name in names] == [200] * 5 + [429]


def test_sixty_guesses_at_different_names_shut_the_address(dana: User) -> None:
    answers = Counter(knock(f"somebody {number}", WRONG) for number in range(60))

    assert answers == {200: 20, 429: 40}
    assert knock("dana", RIGHT) == 429
    assert knock("dana", RIGHT, address=AWAY) == 302


def test_sixty_guesses_at_one_name_shut_out_the_guesser_and_not_the_owner(dana: User) -> None:
    User.objects.create_user("erin", password=RIGHT)

    answers = Counter(knock("dana", WRONG) for _ in range(60))

    assert answers == {200: 5, 429: 55}
    assert (knock("erin", RIGHT), knock("dana", RIGHT, address=AWAY)) == (302, 302)


def test_many_addresses_together_shut_a_name(dana: User) -> None:
    answers = Counter(knock("dana", WRONG, address=f"198.51.100.{number}") for number in range(60))

    assert answers == {200: 50, 429: 10}


def test_waits_grow(dana: User) -> None:
    seen = []
    for minutes in (0, 6, 6, 60, 6, 60):
        let_pass(minutes=minutes)
        seen.append([knock("dana", WRONG) for _ in range(6)].count(200))

    assert seen == [5, 5, 0, 5, 5, 0]  # ten an hour, twenty a day
    let_pass(days=1)
    assert knock("dana", RIGHT) == 302


def test_right_password_counts_nothing(dana: User) -> None:
    assert [knock("dana", RIGHT) for _ in range(8)] == [302] * 8


def test_own_sign_in_between_guesses_gains_nothing(dana: User) -> None:
    User.objects.create_user("mallory", password=RIGHT)

    answers = []
    for _ in range(4):
        answers += [knock("dana", WRONG) for _ in range(3)]
        knock("mallory", RIGHT)

    assert answers.count(200) == 5


def test_forwarded_address_is_believed_of_our_own_proxies_only(dana: User, settings) -> None:
    def guess(forwarded: str) -> int:
        said = {"username": "dana", "password": WRONG}
        return Client().post("/login/", said, headers={"X-Forwarded-For": forwarded}).status_code

    assert [guess(f"192.0.2.{number}") for number in range(6)] == [200] * 5 + [429]
    settings.TRUSTED_PROXY_COUNT = 1
    assert [guess(f"192.0.2.{number}, 203.0.113.9") for number in range(6)] == [200] * 5 + [429]
    settings.TRUSTED_PROXY_COUNT = 3
    assert guess("192.0.2.1, 203.0.113.9") == 429  # shorter than our chain: the direct address counts


@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_are_counted_one_by_one() -> None:
    User.objects.create_user("dana", password=RIGHT)
    answers: list[int] = []

    def guess() -> None:
        answers.extend(knock("dana", WRONG) for _ in range(5))
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(answers) == {200: 5, 429: 35}


def test_answer_does_not_tell_whether_the_name_exists(dana: User) -> None:
    dana.is_active = False
    dana.save()
    User.objects.create_user("erin", password=RIGHT)

    def said(name: str, password: str) -> str:
        return words(Client().post("/login/", {"username": name, "password": password}).text).replace(
            name, ""
        )

    sentences = {said("erin", WRONG), said("nobody", WRONG), said("dana", RIGHT), said("dana", WRONG)}

    assert len(sentences) == 1
    assert "User name and password do not match." in sentences.pop()


def test_attempts_are_in_audit_and_log(dana: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = Client()
    for _ in range(8):
        knock("dana", WRONG)
    knock("my secret phrase", WRONG, address=AWAY)
    knock("dana", RIGHT, client=client, address=AWAY)
    client.post("/logout/", REMOTE_ADDR=AWAY)

    entries = AuditEntry.objects.order_by("pk").values_list(
        "actor_name", "action", "object_name", "object_id", "address"
    )
    nobody = "Not signed in"
    assert list(entries) == [
        (nobody, "Sign-in failed", "dana", dana.pk, HOME),
        (nobody, "Sign-in limited", "dana", dana.pk, HOME),
        (nobody, "Sign-in failed", "an unknown name", 0, AWAY),
        ("dana", "Signed in", "dana", dana.pk, AWAY),
        ("dana", "Signed out", "dana", dana.pk, AWAY),
    ]
    assert list(FailedSignIn.objects.order_by("pk").values_list("name", "address", "failed", "limited")) == [
        ("dana", HOME, 5, 3),
        ("an unknown name", AWAY, 1, 0),
    ]
    lines = Counter(record.getMessage() for record in caplog.records if record.name == "access.attempts")
    assert lines == {
        f"Sign-in failed for dana from {HOME}": 5,
        f"Sign-in limited for dana from {HOME}": 3,
        f"Sign-in failed for an unknown name from {AWAY}": 1,
        "dana signed in": 1,
        "dana signed out": 1,
    }


def test_operator_lifts_the_limits_by_command(dana: User) -> None:
    for number in range(60):
        knock("dana", WRONG, address=f"198.51.100.{number % 20}")
    assert knock("dana", RIGHT, address="198.51.100.3") == 429

    call_command("unlock_sign_in", "dana")

    assert knock("dana", RIGHT, address="198.51.100.3") == 302
    assert AuditEntry.objects.filter(action="Sign-in limit lifted", object_id=dana.pk).count() == 1
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        call_command("unlock_sign_in", "nobody")


def test_operator_lifts_the_limit_of_an_office(dana: User) -> None:
    for number in range(30):
        knock(f"somebody {number}", WRONG)
    assert knock("dana", RIGHT) == 429

    call_command("unlock_sign_in", "dana", address=HOME)

    assert knock("dana", RIGHT) == 302


def test_operator_lifts_the_limits_in_the_admin(dana: User) -> None:
    boss = User.objects.create_superuser("boss", password=RIGHT)
    for _ in range(6):
        knock("dana", WRONG)
    admin = Client()
    admin.force_login(boss)

    admin.post("/admin/auth/user/", {"action": "lift_limits", "_selected_action": [dana.pk]})

    assert knock("dana", RIGHT) == 302


def test_current_password_is_guessed_under_the_same_limits(dana: User) -> None:
    client = Client()
    knock("dana", RIGHT, client=client)
    new = {"password1": "a fresh long phrase", "password2": "a fresh long phrase"}

    answers = [client.post("/password/", {"oldpassword": WRONG, **new}, REMOTE_ADDR=HOME) for _ in range(6)]

    assert all(answer.status_code in (200, 429) for answer in answers)
    assert FailedSignIn.objects.get().failed == 5
    assert client.get("/admin/password_change/").headers["Location"] == "/password/"


def test_password_is_changed_and_the_session_goes_on(dana: User) -> None:
    client = Client()
    knock("dana", RIGHT, client=client)

    answer = client.post(
        "/password/",
        {"oldpassword": RIGHT, "password1": "a fresh long phrase", "password2": "a fresh long phrase"},
        follow=True,
    )

    assert "Password changed" in words(answer.text)
    assert knock("dana", "a fresh long phrase", address=AWAY) == 302


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("aaaaaaa8", "too short"),
        ("aaaaaaaaaaaa8", "repeats itself"),
        ("ababababababab", "repeats itself"),
        ("qwertyuiop123", "too common"),
        ("danadanadana1", "repeats itself|too similar"),
        ("12345678901234", "entirely numeric"),
        ("a fresh long phrase", None),
    ],
)
def test_password_rules(dana: User, password: str, why: str | None) -> None:
    from django.contrib.auth.password_validation import validate_password

    if why is None:
        validate_password(password, dana)
        return
    with pytest.raises(ValidationError, match=why):
        validate_password(password, dana)


def test_session_ends_twelve_hours_after_its_start_however_busy(dana: User) -> None:
    client = Client()
    knock("dana", RIGHT, client=client)
    session = client.session
    session[sessions.STARTED] = time.time() - 12 * 3600 + 60
    session.save()
    assert client.get("/password/").status_code == 200

    session[sessions.STARTED] = time.time() - 12 * 3600
    session.save()  # its row in the database would live for twelve more hours

    assert client.get("/password/").headers["Location"] == "/login/?next=/password/"
    assert AuditEntry.objects.latest("pk").reason == "The session lasted twelve hours."


@pytest.mark.parametrize(
    "path",
    [
        "/signup/",
        "/accounts/login/",
        "/accounts/signup/",
        "/password/reset/",
        "/email/",
        "/inactive/",
        "/reauthenticate/",
    ],
)
def test_no_other_page_of_accounts_exists(dana: User, path: str) -> None:
    client = Client()
    client.force_login(dana)

    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"username": "da\x00na", "password": RIGHT},
        {"username": "d" * 5000, "password": "p" * 5000},
        {"username": "\ud800".encode("utf-8", "surrogatepass"), "password": RIGHT},
        {"login": "dana", "password": WRONG},
    ],
)
def test_odd_input_is_refused_and_no_failure(dana: User, said: dict[str, str]) -> None:
    assert Client().post("/login/", said).status_code == 200


def test_next_page_stays_inside(dana: User) -> None:
    def after(page: str) -> str:
        said = {"username": "dana", "password": RIGHT, "next": page}
        return Client().post("/login/", said).headers["Location"]

    assert [after(page) for page in ("/contracts/", "https://evil.example", "//evil.example")] == [
        "/contracts/",
        "/",
        "/",
    ]


def test_staff_right_is_asked_for_behind_the_one_door(dana: User) -> None:
    dana.is_staff = False
    dana.save()
    client = Client()
    client.force_login(dana)

    assert client.get("/admin/login/?next=/admin/").status_code == 403
    assert knock("dana", RIGHT, door="/admin/login/") == 302


def test_who_has_no_password_is_told_so(dana: User) -> None:
    dana.set_unusable_password()
    dana.save()
    client = Client()
    client.force_login(dana)

    page = client.get("/password/", follow=True)

    assert page.status_code == 200
    assert "Your account has no password to change." in page.text
