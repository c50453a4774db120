"""When months are checked, and what their pages show between two checks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from contracts.models import Contract
from crm_sync import tasks
from crm_sync.models import TieOut, WonDeal
from crm_sync.oversight import tie_out_checks
from tests.crm_sync.oversight.test_tie_out import VIEW, imported, plant
from tests.crm_sync.page_rows import connect
from tests.pages import alerts, heading, rows, signed_in

pytestmark = pytest.mark.django_db
LONG_AGO = date(2020, 5, 1)
PAGE = "/tie-out/?month=2020-05"
CHECK = "crm_sync.change_tieout"
TIES_OUT = "May 2020 ties out: every won deal that was read and every contract is accounted for."


@pytest.fixture
def contract(db: None) -> Contract:
    contract = imported(connect(), "A")
    WonDeal.objects.update(day=date(2020, 5, 20))
    return contract


def differing() -> list[date]:
    return [one.month for one in TieOut.objects.exclude(differences=[])]


def test_task_checks_months_that_were_never_checked(contract: Contract) -> None:
    plant(1)

    tasks.check_tie_out()

    assert differing() == [LONG_AGO]


@pytest.mark.parametrize(("ago", "found"), [(timedelta(), []), (timedelta(days=1), [LONG_AGO])])
def test_task_checks_once_a_day(contract: Contract, ago: timedelta, found: list[date]) -> None:
    tasks.check_tie_out()
    TieOut.objects.update(checked_at=timezone.now() - ago)
    plant(1)

    tasks.check_tie_out()

    assert differing() == found


@pytest.mark.parametrize(
    ("zone", "is_checked"), [("UTC", True), ("America/New_York", False), ("Pacific/Auckland", True)]
)
def test_day_of_a_check_is_that_of_the_workspace(zone: str, is_checked: bool) -> None:
    TieOut.objects.create(month=LONG_AGO, checked_at=datetime(2026, 11, 28, 2, tzinfo=UTC))

    assert tie_out_checks.checked_since(day=date(2026, 11, 28), zone=zone) is is_checked


def test_one_month_left_unchecked_is_due() -> None:
    TieOut.objects.create(month=LONG_AGO, checked_at=datetime(2026, 11, 28, 12, tzinfo=UTC))
    TieOut.objects.create(month=date(2020, 6, 1), checked_at=datetime(2026, 11, 27, 12, tzinfo=UTC))

    assert not tie_out_checks.checked_since(day=date(2026, 11, 28), zone="UTC")


def test_past_month_shows_its_last_check_until_it_is_checked_now(contract: Contract) -> None:
    tie_out_checks.check_all()
    client = signed_in(VIEW, CHECK)
    before = client.get(PAGE)
    plant(1)
    meanwhile = client.get(PAGE)

    after = client.post("/tie-out/check/", {"month": "2020-05"}, follow=True)

    assert heading(before) == heading(meanwhile)
    assert TIES_OUT in heading(before)
    assert rows(before) == rows(meanwhile)
    assert "Figures of the last check" in meanwhile.text
    assert after.redirect_chain == [(PAGE, 302)]
    assert alerts(after) == [
        "May 2020 does not tie out.",
        "May 2020 does not tie out. The lines in red say what differs.",
        "Other value than in the CRM: USD",
        "Not accounted for: USD",
    ]
    assert rows(after)[1][2] == "1,200.01"


def test_rows_of_a_past_month_are_counted_now(contract: Contract) -> None:
    tie_out_checks.check_all()
    plant(1)

    behind = signed_in(VIEW).get("/tie-out/rows/?month=2020-05&line=contracts&currency=USD")

    assert [row[1] for row in rows(behind)] == ["1,200.01"]


def test_present_month_is_counted_now(contract: Contract) -> None:
    today = timezone.now().date()
    WonDeal.objects.update(day=today)
    tie_out_checks.check_all()
    plant(1)

    page = signed_in(VIEW).get("/tie-out/")

    assert "does not tie out." in heading(page)
    assert "The figures are counted now." in page.text


def test_check_now_heals(contract: Contract) -> None:
    plant(1)
    tie_out_checks.check_all()
    plant(-1)

    page = signed_in(VIEW, CHECK).post("/tie-out/check/", {"month": "2020-05"}, follow=True)

    assert alerts(page) == ["May 2020 ties out."]
    assert differing() == []


def test_check_now_is_for_those_who_may_and_by_post(contract: Contract) -> None:
    client = signed_in(VIEW)

    statuses = [client.post("/tie-out/check/", {"month": "2020-05"}).status_code]
    statuses.append(client.get("/tie-out/check/").status_code)

    assert statuses == [403, 405]
    assert not TieOut.objects.exists()
