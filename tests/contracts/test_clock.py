from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from contracts.clock import ClocksDiffer, business_day, database_now, ensure_clocks_agree
from contracts.models import Workspace

pytestmark = pytest.mark.django_db


def at(moment: datetime) -> None:
    """The database's clock stands still at a moment, the rest of its function is the product's own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('contracts_business_day'::regproc)")
        [definition] = cursor.fetchone()
        assert definition.count("clock_timestamp()") == 1
        cursor.execute(definition.replace("clock_timestamp()", f"timestamptz '{moment.isoformat()}'"))


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", datetime(2026, 11, 22, 23, 59, tzinfo=UTC), date(2026, 11, 22)),
        ("America/New_York", datetime(2026, 11, 23, 4, 59, tzinfo=UTC), date(2026, 11, 22)),
        ("America/New_York", datetime(2026, 11, 23, 5, 0, tzinfo=UTC), date(2026, 11, 23)),
        ("Pacific/Kiritimati", datetime(2026, 11, 22, 10, 0, tzinfo=UTC), date(2026, 11, 23)),
        ("Asia/Kathmandu", datetime(2026, 11, 22, 18, 14, tzinfo=UTC), date(2026, 11, 22)),
        # Case 37: the clocks of Beirut change at midnight.
        ("Asia/Beirut", datetime(2026, 3, 28, 21, 59, tzinfo=UTC), date(2026, 3, 28)),
        ("Asia/Beirut", datetime(2026, 3, 28, 22, 0, tzinfo=UTC), date(2026, 3, 29)),
    ],
)
def test_the_day_is_the_workspaces(zone: str, moment: datetime, day: date) -> None:
    Workspace.objects.update_or_create(pk=1, defaults={"time_zone": zone})
    at(moment)

    assert business_day() == day


def test_the_day_is_utc_until_a_workspace_is_set_up() -> None:
    Workspace.objects.all().delete()
    at(datetime(2026, 11, 22, 23, 59, tzinfo=UTC))

    assert business_day() == date(2026, 11, 22)


def test_clocks_that_agree_are_not_refused() -> None:
    ensure_clocks_agree(database=database_now())


@pytest.mark.parametrize("apart", [timedelta(days=40), timedelta(minutes=-3)])
def test_clocks_that_differ_are_refused_with_both_times(
    monkeypatch: pytest.MonkeyPatch, apart: timedelta
) -> None:
    database = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: database + apart)

    with pytest.raises(ClocksDiffer) as refusal:
        ensure_clocks_agree(database=database)

    assert str(refusal.value) == (
        f"This machine's clock says {database + apart:%Y-%m-%d %H:%M:%S} UTC and the database's says "
        "2026-11-30 10:00:00 UTC. They differ by more than 2 minutes, so nothing was done. Set the wrong clock "
        "right, then try again."
    )
