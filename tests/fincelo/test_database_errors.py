"""Each SQLSTATE has one meaning, whatever class Django gives the error (F21)."""

import pytest
from django.db import Error, connection, transaction
from django.db.utils import DataError, InterfaceError, OperationalError

from fincelo.database_errors import Fault, fault_of, rule_of, sqlstate, words
from tests.refusals import DEAL, INSTALLATION, PASSING, WHOSE_FAULT

FAULTS = {DEAL: {Fault.RECORD}, PASSING: {Fault.COLLISION, Fault.AWAY, Fault.BUSY}}
FAULTS[INSTALLATION] = set(Fault) - FAULTS[DEAL] - FAULTS[PASSING]
MORE = {
    "22003": DEAL,
    "23502": DEAL,
    "23503": DEAL,
    "23P01": DEAL,
    "23001": DEAL,
    "25006": INSTALLATION,
    "42501": INSTALLATION,
    "53000": INSTALLATION,
    "53200": INSTALLATION,
    "54000": INSTALLATION,
    "58030": INSTALLATION,
    "XX000": INSTALLATION,
    "XX001": INSTALLATION,
    "0A000": INSTALLATION,
    "26000": INSTALLATION,
    "P0001": INSTALLATION,
    "57P01": PASSING,
    "57P03": PASSING,
    "57P05": PASSING,
    "55P03": PASSING,
    "08006": PASSING,
    "25P03": PASSING,
}


def raised(state: str) -> Error:
    with pytest.raises(Error) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'A secret value.' USING ERRCODE = '{state}'; END $$")
    return caught.value


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "whose"), (WHOSE_FAULT | MORE).items())
def test_whose_fault_a_refusal_is(state: str, whose: str) -> None:
    error = raised(state)

    assert (sqlstate(error), fault_of(error) in FAULTS[whose]) == (state, True)
    assert "secret" not in " ".join(words(error))
    assert all(words(error))


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (OperationalError("server closed the connection unexpectedly"), Fault.AWAY),
        (InterfaceError("connection already closed"), Fault.AWAY),
        (DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"), Fault.RECORD),
    ],
)
def test_errors_that_the_server_never_sent(error: Error, fault: Fault) -> None:
    assert (sqlstate(error), fault_of(error)) == ("", fault)


@pytest.mark.django_db
def test_rule_is_named_without_its_values() -> None:
    with pytest.raises(Error) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fincelo_heartbeat (process, beat_at) VALUES ('a secret', now()), ('a secret', now())"
        )

    assert rule_of(caught.value) == "fincelo_heartbeat_process_key"
    assert rule_of(raised("22003")) == "SQLSTATE 22003"
