"""Each rule of the database is broken once, and it is this rule that refuses. No rule is left out."""

import pytest
from django.db import connection

from tests.constraints.breakers import (
    CHECKS,
    IMPLIED,
    KEPT_WHOLE,
    KEYS,
    TRIGGERS,
    WRITTEN_BY_THE_DATABASE,
    copied,
)
from tests.constraints.catalogue import constraints, never_negative, refused_by, triggers
from tests.constraints.rows import a_row_of_everything

pytestmark = pytest.mark.django_db

NEVER_NEGATIVE = {name: copied(table, **{column: "-1"}) for name, table, column in never_negative()}
CONSTRAINTS = NEVER_NEGATIVE | CHECKS | KEYS
EMPTIED = {(name, "TRUNCATE"): f"TRUNCATE {table} CASCADE" for name, table in KEPT_WHOLE.items()}
EVENTS = EMPTIED | {
    (name, statement.split()[0]): statement
    for name, statements in TRIGGERS.items()
    for statement in statements
}
"""The statement by trigger and event."""


def test_every_constraint_is_broken_here() -> None:
    assert set(CONSTRAINTS) == constraints()


def test_every_trigger_is_broken_here_by_each_of_its_events() -> None:
    written = {(name, event) for name, (event, *_) in WRITTEN_BY_THE_DATABASE.items()}

    assert set(EVENTS) | written == triggers()


def test_each_constraint_refuses_what_breaks_it() -> None:
    a_row_of_everything()

    refusals = {name: refused_by(statement) for name, statement in CONSTRAINTS.items()}

    assert refusals == {name: IMPLIED.get(name, name) for name in CONSTRAINTS}


def test_each_trigger_refuses_what_breaks_it() -> None:
    a_row_of_everything()

    refusals = {event: refused_by(statement) for event, statement in EVENTS.items()}

    assert refusals == {(name, event): name for name, event in EVENTS}


@pytest.mark.parametrize("name", WRITTEN_BY_THE_DATABASE)
def test_a_trigger_writes_what_the_database_knows_better(name: str) -> None:
    a_row_of_everything()
    _, table, column, value = WRITTEN_BY_THE_DATABASE[name]

    with connection.cursor() as cursor:
        cursor.execute(f"{copied(table, **{column: value})} RETURNING {column} <> {value}")

        assert cursor.fetchone() == (True,)
