from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, connection

from contracts.models import Workspace
from contracts.transactions import ATTEMPTS, repeated, run_durably

pytestmark = pytest.mark.django_db


def failing(times: int, *, sqlstate: str) -> Callable[[], int]:
    """Work that writes, and that the database then refuses so many times."""
    calls = 0

    def work() -> int:
        nonlocal calls
        calls += 1
        Workspace.objects.update_or_create(pk=1, defaults={"name": f"Attempt {calls}"})
        if calls <= times:
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE 'collided' USING ERRCODE = '{sqlstate}'; END $$")
        return calls

    return work


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03"])
def test_a_collision_is_tried_again(sqlstate: str) -> None:
    assert run_durably(failing(ATTEMPTS - 1, sqlstate=sqlstate)) == ATTEMPTS
    assert Workspace.objects.get().name == f"Attempt {ATTEMPTS}"


@pytest.mark.parametrize(
    ("times", "sqlstate"), [(ATTEMPTS, "40P01"), (1, "53100"), (1, "23505"), (1, "57014")]
)
def test_what_is_no_collision_or_never_ends_is_raised(times: int, sqlstate: str) -> None:
    Workspace.objects.update_or_create(pk=1, defaults={"name": "Before"})

    with pytest.raises(DatabaseError):
        run_durably(failing(times, sqlstate=sqlstate))

    assert Workspace.objects.get().name == "Before"


class Decided(Exception):
    """An error of the caller's own."""


def test_an_own_error_passes_where_the_caller_says_so() -> None:
    waited: list[float] = []
    refusals = [Decided(), Decided()]

    def transact() -> str:
        if refusals:
            raise refusals.pop()
        return "done"

    assert repeated(transact, also=(Decided,), pause=waited.append) == "done"
    assert len(waited) == 2


def test_own_waits_end_with_the_last_error() -> None:
    waited: list[float] = []

    def transact() -> None:
        raise IntegrityError

    with pytest.raises(IntegrityError):
        repeated(transact, passes=lambda error: True, waits=(0.5, 2.0), pause=waited.append)

    assert waited == [0.5, 2.0]
