from datetime import timedelta
from typing import Any

import pytest

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client, StoppedClock

UPDATED = "/services/data/v66.0/sobjects/Opportunity/updated/"
DELETED = "/services/data/v66.0/sobjects/Opportunity/deleted/"
TODAY: dict[str, Any] = {"start": "2026-11-22T00:00:00+00:00", "end": "2026-11-22T12:00:30+00:00"}


def test_updated_lists_ids_by_their_system_stamp(connected: Client, org: Org, clock: StoppedClock) -> None:
    touched, edited, deleted = (
        org.add("Opportunity", Name=name, modified_at=clock() - timedelta(days=3)) for name in "abc"
    )
    org.add("Opportunity", Name="untouched", modified_at=clock() - timedelta(days=3))
    org.edit(edited, modified_at=clock() - timedelta(minutes=5), Amount=1)
    org.touch(touched, at=clock() - timedelta(minutes=4))
    org.delete(deleted)

    assert connected.get(UPDATED, **TODAY).json() == {
        "ids": [edited, touched],
        "latestDateCovered": "2026-11-22T10:14:00.000+0000",
    }


def test_window_excludes_its_end(connected: Client, org: Org, clock: StoppedClock) -> None:
    org.add("Opportunity", Name="at the end", modified_at=clock().replace(minute=0, second=0))

    body = connected.get(UPDATED, start="2026-11-22T09:00:00Z", end="2026-11-22T10:00:59Z").json()

    assert body == {"ids": [], "latestDateCovered": "2026-11-22T10:00:00.000+0000"}


def test_covered_date_stays_behind_an_open_transaction(
    connected: Client, org: Org, clock: StoppedClock
) -> None:
    late = org.add("Opportunity", Name="late", visible_in=timedelta(minutes=20))
    clock.forward(minutes=10)

    during = connected.get(UPDATED, **TODAY).json()
    clock.forward(minutes=11)
    after = connected.get(UPDATED, **TODAY).json()

    assert during == {"ids": [], "latestDateCovered": "2026-11-22T10:14:00.000+0000"}
    assert after == {"ids": [late], "latestDateCovered": "2026-11-22T10:35:00.000+0000"}


def test_deleted_lists_what_is_in_the_recycle_bin(connected: Client, org: Org, clock: StoppedClock) -> None:
    gone, back = (org.add("Opportunity", Name=name) for name in ("gone", "back"))
    for deal_id in (gone, back):
        org.delete(deal_id)
    org.undelete(back)
    org.delete(org.add_account("Acme"))

    assert connected.get(DELETED, **TODAY).json() == {
        "deletedRecords": [{"deletedDate": "2026-11-22T10:14:07.000+0000", "id": gone}],
        "earliestDateAvailable": "2026-10-23T10:14:00.000+0000",
        "latestDateCovered": "2026-11-22T10:14:00.000+0000",
    }


@pytest.mark.parametrize("path", [UPDATED, DELETED])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": "yesterday"}, "start: no valid date and time"),
        ({"end": "2026-11-22T12:00:00"}, "end: no time zone"),
        ({"end": "2026-11-22T00:00:59Z"}, "startDate has to be at least one minute before endDate"),
        ({"start": "2026-10-01T00:00:00Z"}, "startDate must not be more than 30 days ago"),
    ],
)
def test_window_that_is_refused(connected: Client, path: str, changes: dict[str, str], message: str) -> None:
    response = connected.get(path, **{**TODAY, **changes})

    assert (response.status_code, response.json()) == (
        400,
        [{"message": message, "errorCode": "INVALID_REPLICATION_DATE"}],
    )


def test_too_many_ids(connected: Client, org: Org) -> None:
    org.replication_id_limit = 2
    org.add_won_deals(3)

    assert connected.get(UPDATED, **TODAY).json() == [
        {"message": "Too many IDs to return; try a smaller window", "errorCode": "EXCEEDED_ID_LIMIT"}
    ]


def test_object_that_cannot_be_replicated(connected: Client) -> None:
    statuses = [
        connected.get(f"/services/data/v66.0/sobjects/{name}/deleted", **TODAY).status_code
        for name in ("Nothing", "Organization")
    ]

    assert statuses == [404, 404]
