"""A command that fails says so once, in words or as JSON, with an exit code of its own (F41)."""

import json
from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, OperationalError, connection

from fincelo.env import UnusableSetting
from fincelo.one_sentence import BAD_CONFIGURATION, DATABASE_FAILED, run_command_line
from tests.processes import Manage, environment_for

REPORT = b"From: mailer@example.com\r\nSubject: Undelivered\r\n\r\nNo report.\r\n"
COMMANDS: dict[str, tuple[str, ...]] = {
    "run_billing": ("--json",),
    "check_invariants": ("--json",),
    "sync_crm": ("--json",),
    "unlock_sign_in": ("--json",),
    "confirm_restore": ("--json",),
}
ARGUMENTS = {"unlock_sign_in": ["fiona"]}
STATES: dict[str, tuple[type[Exception], type[Exception], str, str]] = {
    "stopped": (
        OperationalError,
        psycopg.OperationalError,
        "",
        "The database does not answer. See that PostgreSQL runs and that DATABASE_URL names it.",
    ),
    "read-only": (
        InternalError,
        psycopg.errors.ReadOnlySqlTransaction,
        "25006",
        "The database is read-only. Point DATABASE_URL at the primary, or end its recovery.",
    ),
}


@pytest.fixture(params=STATES)
def refusing(request: pytest.FixtureRequest, db: None) -> Iterator[tuple[str, str]]:
    """The SQLSTATE and the sentence of a database that refuses every statement."""
    error, cause, state, sentence = STATES[request.param]

    def refuse(*args: object) -> None:
        raise error("cannot execute") from cause("cannot execute")

    with connection.execute_wrapper(refuse):
        yield state, sentence


@pytest.mark.parametrize("name", COMMANDS)
def test_command_without_its_database(refusing: tuple[str, str], name: str) -> None:
    with pytest.raises(CommandError) as failure:
        call_command(name, *ARGUMENTS.get(name, []), stdout=StringIO())

    assert (str(failure.value), failure.value.returncode) == (refusing[1], DATABASE_FAILED)


@pytest.mark.parametrize("name", [name for name, options in COMMANDS.items() if "--json" in options])
def test_command_without_its_database_as_json(refusing: tuple[str, str], name: str) -> None:
    state, sentence = refusing
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(name, *ARGUMENTS.get(name, []), "--json", stdout=output)

    assert ended.value.code == DATABASE_FAILED
    assert json.loads(output.getvalue()) == {
        "error": sentence,
        "exit_code": DATABASE_FAILED,
        "sqlstate": state,
    }


def test_mail_that_could_not_be_looked_up_is_no_mail_to_keep(
    refusing: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nFailed.\r\n"
        b"--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        b"Final-Recipient: rfc822; a@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"--x\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <invoice-1-20261101120000000000@fincelo>\r\n\r\nHello\r\n--x--\r\n"
    )
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": BytesIO(report)}))

    with pytest.raises(CommandError) as failure:
        call_command("read_bounce")

    assert failure.value.returncode == DATABASE_FAILED


def test_other_refusal_is_json_as_well(db: None) -> None:
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("sync_crm", "--json", "--connection", "Elsewhere", stdout=output)

    assert ended.value.code == 2
    assert json.loads(output.getvalue()) == {
        "error": "There is no connection Elsewhere. There are: none.",
        "exit_code": 2,
    }


def test_a_day_ahead_is_one_json_object(db: None) -> None:
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("run_billing", "--json", "--as-of", "2099-01-01", stdout=output)

    assert ended.value.code == 1
    assert "lies after today" in json.loads(output.getvalue())["refusal"]


def test_failed_checks_have_an_exit_code_of_their_own(db: None, settings: Any) -> None:
    settings.FERNET_KEYS = []
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_invariants", "--json", skip_checks=False, stdout=output)

    told = json.loads(output.getvalue())
    assert (ended.value.code, told["exit_code"]) == (BAD_CONFIGURATION, BAD_CONFIGURATION)
    assert "FERNET_KEYS is not set." in told["error"]
    assert "\n" not in told["error"]


UNUSABLE = "DATABASE_URL must be like postgresql://user:password@host:5432/name."


def test_what_stops_any_command_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(arguments: list[str]) -> None:
        raise UnusableSetting(UNUSABLE)

    def lose_database(arguments: list[str]) -> None:
        raise OperationalError("connection refused")

    codes = []
    for run, arguments in ((refuse, ["--json"]), (refuse, []), (lose_database, [])):
        with pytest.raises(SystemExit) as ended:
            run_command_line(run=run, arguments=["manage.py", "migrate", *arguments])
        codes.append(ended.value.code)
    said = capsys.readouterr()

    assert codes == [BAD_CONFIGURATION, BAD_CONFIGURATION, DATABASE_FAILED]
    assert json.loads(said.out) == {"error": UNUSABLE, "exit_code": BAD_CONFIGURATION}
    assert said.err == f"{UNUSABLE}\n{STATES['stopped'][3]}\n"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", STATES)
def test_real_commands_say_it_once(database_url: str, state: str) -> None:
    environment = environment_for(database_url=database_url)
    name = connection.settings_dict["NAME"]
    if state == "stopped":
        environment |= {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    with connection.cursor() as cursor:
        cursor.execute(
            f'ALTER DATABASE "{name}" SET default_transaction_read_only = {"on" if state != "stopped" else "off"}'
        )
    try:
        plain = Manage(environment=environment)("check_invariants")
        as_json = Manage(environment=environment)("run_billing", "--json")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')

    assert (plain.code, plain.output, plain.errors) == (5, "", f"CommandError: {STATES[state][3]}\n")
    assert (as_json.code, json.loads(as_json.output)["error"]) == (5, STATES[state][3])
    assert "Traceback" not in as_json.errors
