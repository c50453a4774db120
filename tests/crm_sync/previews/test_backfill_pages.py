"""The pages on which an import is previewed, confirmed and followed."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from contracts.writing import write_day
from crm_sync import tasks
from crm_sync.enums import BackfillState, RunState
from crm_sync.models import Backfill, BackfillDeal, Connection
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.connections.test_connection_pages import SETTINGS
from tests.crm_sync.mapping.mapping_form import address as mapping_address
from tests.crm_sync.mapping.test_field_mapping_pages import entered
from tests.crm_sync.page_rows import connect, ran
from tests.crm_sync.sales import sell
from tests.pages import alerts, heading, rows, signed_in, words

TODAY = timezone.now().date()
PREVIEW = {"import_from": "2026-01-01", "billed_until": ""}


@pytest.fixture
def browser(db: None) -> Client:
    return signed_in(
        "contracts.export_records",
        "crm_sync.change_billing_meaning",
        "contracts.approve_contract",
        "crm_sync.view_fieldmapping",
        "crm_sync.change_fieldmapping",
        "crm_sync.view_connection",
        "crm_sync.change_connection",
        "billing.start_billing",
    )


def address(connected: Connection, more: str = "") -> str:
    return f"/settings/crm/{connected.pk}/backfill/{more}"


def previewed(browser: Client, connected: Connection, **chosen: str) -> Backfill:
    browser.post(address(connected, "preview/"), PREVIEW | chosen)
    backfill = Backfill.objects.latest("pk")
    tasks.preview_import(backfill.pk)
    backfill.refresh_from_db()
    return backfill


def test_page_before_any_preview(browser: Client) -> None:
    page = browser.get(address(connect(automatic_from=date(2026, 11, 1))))

    assert page.status_code == 200
    assert alerts(page) == [
        "Deals that closed before 1 Nov 2026 are imported once somebody starts billing here."
    ]
    assert 'value="2026-01-01"' in page.text
    assert Backfill.objects.count() == 0


def test_preview_is_read_in_the_background(browser: Client, salesforce: Connection, org: Org) -> None:
    sell(org)

    answer = browser.post(address(salesforce, "preview/"), PREVIEW)

    assert answer.url == address(salesforce)
    page = browser.get(address(salesforce))
    assert "Reading deals for the preview: 0" in words(page.text)
    assert "Show how far it is now" in page.text
    assert "Confirm and import" not in page.text


def test_bar_is_drawn_anew_until_the_state_changes(browser: Client, salesforce: Connection, org: Org) -> None:
    sell(org)
    browser.post(address(salesforce, "preview/"), PREVIEW)
    asked = address(salesforce, "progress/?state=reading")

    first = browser.get(asked, headers={"HX-Request": "true"})
    tasks.preview_import(Backfill.objects.get().pk)
    last = browser.get(asked, headers={"HX-Request": "true"})

    assert "Reading deals for the preview" in first.text
    assert f'<a href="{address(salesforce)}">Show the result</a>' in last.text
    assert browser.get(asked).url == address(salesforce)


def test_ready_preview_shows_totals_holds_and_deals(
    browser: Client, salesforce: Connection, org: Org
) -> None:
    ensure_legal_entity()
    sell(org, Name="A", CloseDate=TODAY)
    sell(org, Name="B", Billing_Frequency__c="Bi-annual", CloseDate=TODAY)
    sell(org, Name="C", CloseDate=date(2026, 1, 1))
    previewed(browser, salesforce)

    page = browser.get(address(salesforce))

    assert alerts(page)[0].startswith("1 contract would ask before it bills: ")
    said = words(page.text)
    assert "Contracts to create 2 Deals on hold 1" in said
    assert rows(page)[:4] == [
        ["USD", "2", "2,400.00", "1", "300.00"],
        ["A", "Acme", "USD 1,200.00", "USD 300.00"],
        ["C", "Acme", "USD 1,200.00", ""],
        ["Billing cycle unknown", "1", "USD 1,200.00"],
    ]
    assert 'name="limit_USD" value="300.00"' in page.text
    assert [row[:2] for row in rows(page)[4:]] == [
        ["B", "Held Billing cycle unknown"],
        ["A", "Created"],
        ["C", "Created Needs a decision"],
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("outcome=held", ["B"]),
        ("code=FREQUENCY_UNKNOWN", ["B"]),
        ("show=asks", ["C"]),
        ("q=a", ["A"]),
        ("outcome=nonsense", ["B", "A", "C"]),
        ("page=9", ["B", "A", "C"]),
    ],
)
def test_filter(browser: Client, salesforce: Connection, org: Org, query: str, names: list[str]) -> None:
    ensure_legal_entity()
    sell(org, Name="A", CloseDate=TODAY)
    sell(org, Name="B", Billing_Frequency__c="Bi-annual", CloseDate=TODAY)
    sell(org, Name="C", CloseDate=date(2026, 1, 1))
    previewed(browser, salesforce)

    page = browser.get(address(salesforce, f"?{query}"))

    listed = [row[0] for row in rows(page)[4:]]
    assert listed == names


def test_preview_says_what_would_wait_and_when_each_is_first_billed(
    browser: Client, salesforce: Connection, org: Org
) -> None:
    """Billed in arrears, a quarterly contract has its first invoice three months after its start."""
    ensure_legal_entity(country="DE", requires_buyer_address=True)
    Connection.objects.filter(pk=salesforce.pk).update(billing_timing="in_arrears")
    sell(org, Name="A", CloseDate=TODAY)
    sell(org, Name="Held", Amount=None)
    previewed(browser, salesforce)

    page, waiting = browser.get(address(salesforce)), browser.get(address(salesforce, "?show=waits"))
    row = BackfillDeal.objects.get(name="A")

    assert row.waits == ["buyer_address"]
    assert rows(page)[0][:2] == ["Customer's address missing", "1"]
    assert row.first_billing_date is not None
    assert row.first_billing_date > TODAY
    listed = next(one for one in rows(waiting) if one[0] == "A" and "Billing waits" in one[1])
    assert listed[6] == write_day(row.first_billing_date)
    assert "Enter it on the page of the customer, or map the address fields of the CRM." in words(
        browser.get(address(salesforce, f"deals/{row.pk}/")).text
    )


def test_one_press_on_the_mapping_previews_the_import(
    browser: Client, salesforce: Connection, org: Org
) -> None:
    Connection.objects.filter(pk=salesforce.pk).update(mapping_version=None)
    sell(org, CloseDate=TODAY)

    page = browser.post(mapping_address(salesforce), entered() | {"preview": "1"}, follow=True)

    assert "Reading deals for the preview: 0" in words(page.text)
    assert [row.task["func"] for row in OrmQ.objects.all()] == ["crm_sync.tasks.preview_import"]


def test_csv_has_no_formulas(browser: Client, salesforce: Connection, org: Org) -> None:
    """Case 82."""
    sell(org, Name="=cmd()", CloseDate=TODAY, account=org.add_account("@Acme"))
    sell(org, Name="Held", Amount=None)
    previewed(browser, salesforce)

    answer = browser.get(address(salesforce, "csv/?outcome=created"))

    header, line = csv.reader(io.StringIO(answer.text))
    told = dict(zip(header, line, strict=True))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert [told[name] for name in ("Deal", "Customer", "Contract value", "Starts", "Last day")] == [
        "'=cmd()",
        "'@Acme",
        "1200.00",
        str(TODAY),
        str(date(TODAY.year + 1, TODAY.month, TODAY.day) - timedelta(days=1)),
    ]


def test_confirm_and_import(browser: Client, salesforce: Connection, org: Org) -> None:
    Connection.objects.update(mapping_version=None)
    sell(org)
    previewed(browser, salesforce)

    answer = browser.post(address(salesforce, "confirm/"))

    assert answer.url == address(salesforce)
    assert "Importing: 0 of 1 deals" in words(browser.get(address(salesforce)).text)
    tasks.sync_requested(salesforce.pk)
    page = browser.get(address(salesforce))
    assert alerts(page) == ["The import has ended."]
    assert "1 deal read: 1 created." in page.text
    assert heading(page).startswith("Salesforce Import from Salesforce Imported")


def test_preview_that_no_longer_holds_is_refused(browser: Client, salesforce: Connection, org: Org) -> None:
    sell(org)
    previewed(browser, salesforce)
    Connection.objects.update(amount_means="annual")

    page = browser.post(address(salesforce, "confirm/"), follow=True)

    assert alerts(page)[0] == (
        "The field mapping or the settings have changed since this preview. Preview the import again."
    )
    assert Backfill.objects.get().state == BackfillState.READY


def test_confirm_without_a_preview(browser: Client) -> None:
    page = browser.post(address(connect(), "confirm/"), follow=True)

    assert alerts(page) == ["There is no preview to confirm. Preview the import first."]


def test_wrong_day_is_told_at_its_field(browser: Client) -> None:
    page = browser.post(address(connect(), "preview/"), {"import_from": "someday"})

    assert page.status_code == 200
    assert "Enter a valid date" in page.text
    assert Backfill.objects.count() == 0


def test_billed_elsewhere_for_one_deal(browser: Client, salesforce: Connection, org: Org) -> None:
    sell(org, CloseDate=date(2026, 1, 1), Billing_Frequency__c="Monthly")
    previewed(browser, salesforce)
    row = BackfillDeal.objects.get()
    own = address(salesforce, f"deals/{row.pk}/")
    assert "Billed before Fincelo" in browser.get(own).text

    page = browser.post(f"{own}decide/", {"billed_until": str(TODAY)}, follow=True)

    assert alerts(page)[0] == "Saved for 'Acme platform'. The preview takes it into account."
    assert BackfillDeal.objects.get().billed_until == TODAY


def test_stopped_preview_says_why(browser: Client) -> None:
    connected = connect()
    Backfill.objects.create(
        connection=connected,
        import_from=date(2026, 1, 1),
        as_of=TODAY,
        digest="",
        state=BackfillState.STOPPED,
        error="The access was revoked.",
    )

    page = browser.get(address(connected))

    assert alerts(page) == ["The preview stopped."]
    assert "The access was revoked." in page.text
    assert "Preview the import</button>" in page.text


def test_import_whose_run_failed_says_why(browser: Client) -> None:
    connected = connect()
    Backfill.objects.create(
        connection=connected,
        import_from=date(2026, 1, 1),
        as_of=TODAY,
        digest="",
        seen=10,
        state=BackfillState.IMPORTING,
        import_started_at=timezone.now() - timedelta(minutes=1),
    )
    ran(connected, state=RunState.FAILED, error="Daily limit.", seen=4, started_at=timezone.now())

    page = words(browser.get(address(connected)).text)

    assert "Importing: 4 of 10 deals" in page
    assert "Daily limit." in page


@pytest.mark.parametrize("more", ["preview/", "confirm/", "deals/1/decide/"])
def test_who_may_only_look_starts_nothing(db: None, more: str) -> None:
    browser = signed_in("crm_sync.view_fieldmapping")
    connected = connect()

    assert browser.get(address(connected)).status_code == 200
    assert browser.post(address(connected, more)).status_code == 403


def test_settings_lead_to_the_preview_of_an_earlier_day(browser: Client) -> None:
    """Nothing is saved before the preview is confirmed."""
    connected = connect()

    answer = browser.post(
        f"/settings/crm/{connected.pk}/settings/",
        SETTINGS | {"import_from": "2025-01-01", "preview": "1"},
        follow=True,
    )

    assert answer.redirect_chain == [(f"{address(connected)}?import_from=2025-01-01#preview", 302)]
    assert 'value="2025-01-01"' in answer.text
    assert Connection.objects.get().import_from == date(2026, 1, 1)


def test_mapping_page_offers_the_preview_beside_confirming(
    browser: Client, salesforce: Connection, org: Org
) -> None:
    """The rows are stored and nothing is confirmed."""
    Connection.objects.update(mapping_version=None)

    page = browser.get(f"/settings/mapping/{salesforce.pk}/")
    answer = browser.post(
        f"/settings/mapping/{salesforce.pk}/",
        entered({"duration": {"default_value": "24"}}) | {"preview": "1"},
    )

    assert 'name="preview"' in page.text
    assert answer.url == address(salesforce)
    assert Connection.objects.get().mapping_version is None
    assert salesforce.field_mappings.get(target="duration").default_value == "24 months"


def test_list_takes_the_same_queries_for_one_and_many(
    browser: Client, salesforce: Connection, org: Org
) -> None:
    counts = []
    for number in range(3):
        sell(org, Name=f"D{number}")
        previewed(browser, salesforce)
        with CaptureQueriesContext(connection) as queries:
            browser.get(address(salesforce))
        counts.append(len(queries))

    assert counts[1] == counts[2]
