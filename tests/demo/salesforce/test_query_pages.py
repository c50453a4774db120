import pytest

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client, StoppedClock


def test_pages_until_done(connected: Client, org: Org) -> None:
    org.add_won_deals(450)
    soql = "SELECT Id FROM Opportunity ORDER BY SystemModstamp, Id"

    pages = [connected.query(soql, batch_size=200)]
    while not pages[-1]["done"]:
        pages.append(connected.get(pages[-1]["nextRecordsUrl"]).json())

    shapes = [(page["totalSize"], page["done"], len(page["records"]), sorted(page)) for page in pages]
    ids = [record["Id"] for page in pages for record in page["records"]]
    more = ["done", "nextRecordsUrl", "records", "totalSize"]
    assert shapes == [
        (450, False, 200, more),
        (450, False, 200, more),
        (450, True, 50, ["done", "records", "totalSize"]),
    ]
    assert ids == sorted(ids)
    assert len(set(ids)) == 450


@pytest.mark.parametrize(("asked", "given"), [(None, 2000), (1, 200), (500, 500), (9999, 2000)])
def test_batch_size_has_its_bounds(connected: Client, org: Org, asked: int | None, given: int) -> None:
    org.add_won_deals(2001)

    page = connected.query("SELECT Id FROM Opportunity", batch_size=asked)

    assert len(page["records"]) == given
    assert page["nextRecordsUrl"].startswith("/services/data/v66.0/query/0r8")
    assert page["nextRecordsUrl"].endswith(f"-{given}")


def test_pages_can_be_shorter_than_asked(connected: Client, org: Org) -> None:
    org.add_won_deals(7)
    org.max_page_size = 3

    assert len(connected.query("SELECT Id FROM Opportunity", batch_size=200)["records"]) == 3


def test_next_page_shows_rows_as_they_are_by_then(connected: Client, org: Org) -> None:
    org.max_page_size = 1
    org.add("Opportunity", Name="first")
    second = org.add("Opportunity", Name="second")
    page = connected.query("SELECT Name FROM Opportunity ORDER BY Id")

    org.edit(second, Name="changed")

    assert connected.get(page["nextRecordsUrl"]).json()["records"][0]["Name"] == "changed"


def test_locator_expires(connected: Client, org: Org, clock: StoppedClock) -> None:
    org.add_won_deals(201)
    page = connected.query("SELECT Id FROM Opportunity", batch_size=200)

    clock.forward(days=2)
    connected.token = org.connect().access_token
    response = connected.get(page["nextRecordsUrl"])

    assert (response.status_code, response.json()) == (
        400,
        [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}],
    )


@pytest.mark.parametrize("locator", ["0r8Da0000012345IAA-2000", "nonsense"])
def test_foreign_locator(connected: Client, locator: str) -> None:
    assert connected.get(f"/services/data/v66.0/query/{locator}").json() == [
        {"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}
    ]
