"""Readings that are in doubt: years as months are told wherever the unit counts, and nobody chooses by Enter."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Page, expect, sync_playwright

from crm_sync import tasks
from crm_sync.enums import HoldCode
from crm_sync.models import Backfill, BackfillDeal, Connection, CrmSchema
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import (  # noqa: F401  fixtures
    org,
    salesforce,
    salesforce_server,
    sleepless,
)
from tests.crm_sync.page_rows import connect, deal, hold, problem
from tests.crm_sync.sales import sell

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(200),
    pytest.mark.django_db(transaction=True),
]
DOUBT = "is fed by Term (Years), which is named for years"


@pytest.fixture
def page(chromium: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # the driver has a loop of its own
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)  # the server's threads end
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(20_000)
        yield page
        browser.close()
        connections.close_all()  # inside the driver's loop Django has connections of their own


def sign_in(page: Page, url: str) -> None:
    User.objects.create_superuser("nina", password="a password")
    page.goto(url)
    page.get_by_label("User name").fill("nina")
    page.get_by_label("Password").fill("a password")
    page.get_by_role("button", name="Sign in").click()


def test_a_field_of_years_is_doubted_wherever_its_unit_counts(
    page: Page,
    live_server,
    salesforce: Connection,  # noqa: F811
    org: Org,  # noqa: F811
) -> None:
    ensure_legal_entity()
    schema = CrmSchema.objects.get(connection=salesforce)
    for field in schema.fields:
        if field["name"] == "Contract_Term__c":
            field["label"] = "Term (Years)"
    schema.save()
    sell(org, Contract_Term__c=3, CloseDate=timezone.now().date())
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/settings/mapping/{salesforce.pk}/")
    expect(page.locator("#duration")).to_contain_text(DOUBT)

    page.goto(f"{live_server.url}/settings/crm/{salesforce.pk}/backfill/")
    page.get_by_role("button", name="Preview the import").click()
    tasks.preview_import(Backfill.objects.get().pk)
    page.reload()
    expect(page.locator("main")).to_contain_text(DOUBT)
    page.get_by_role("table", name="Deals of the preview").get_by_role("link").first.click()
    expect(page.locator("main")).to_contain_text(DOUBT)
    assert any(DOUBT in one.sentence for one in BackfillDeal.objects.get().found)


def test_an_amount_with_two_readings_is_chosen_by_a_button_and_not_by_enter(page: Page, live_server) -> None:
    held = hold(deal(connect()), problem(HoldCode.AMOUNT_MISSING))
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/holds/{held.pk}/")
    page.locator("summary", has_text="Enter the value here").click()
    amount = page.get_by_role("textbox", name="Contract Value")
    amount.fill("1.200")
    page.get_by_role("textbox", name="Reason").first.fill("The order form says so.")

    for _ in range(2):
        amount.press("Enter")
        expect(page.locator("dialog[open]")).to_contain_text("can mean 1,200.00 or 1.20. Which one?")
    page.get_by_role("button", name="1,200.00").click()

    expect(page.locator("main")).to_contain_text(
        "Contract Value of Acme renewal is \u201c1200\u201d from now on."
    )
