from datetime import UTC, date, datetime

import pytest

from contracts.models import Workspace
from contracts.workspace import business_date

pytestmark = pytest.mark.django_db


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

    assert business_date(at=moment) == day


def test_the_day_is_utc_until_a_workspace_is_set_up() -> None:
    Workspace.objects.all().delete()

    assert business_date(at=datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == date(2026, 11, 22)
