"""The steps that more than one story begins with."""

import re
from datetime import date, timedelta

from playwright.sync_api import Page, expect

from tests.whole.people import PATIENCE, People, wait_for_the_end

FORTY_DAYS_AGO = (date.today() - timedelta(days=40)).isoformat()


def connect_hubspot(people: People) -> Page:
    page = people.open("finance", "/settings/crm/")
    page.get_by_role("link", name=re.compile("(Add|Connect) HubSpot")).first.click()
    page.get_by_label("Access token").fill(people.product.demo.token)
    page.get_by_label("Import from").fill(FORTY_DAYS_AGO)
    page.get_by_label("Currency").select_option("USD")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("main")).to_contain_text("Next: confirm the field mapping.")
    return page


def preview_the_import(page: Page, *, patience: int = PATIENCE) -> None:
    """From the page of a new connection to the preview of its import, which begins when the mapping is confirmed. `patience` is in milliseconds."""
    page.get_by_role("link", name="Open Field Mapping").first.click()
    page.get_by_role("button", name="Confirm mapping").click()
    page.get_by_role("heading", name=re.compile("Import from")).wait_for()
    wait_for_the_end(page, patience=patience)
