"""Years that would be read as months: the warning is on the mapping, on the preview and on each of its deals."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Page, expect, sync_playwright

from crm_sync import tasks
from crm_sync.models import Backfill, BackfillDeal, Connection, CrmSchema
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import (  # noqa: F401  fixtures
    org,
    salesforce,
    salesforce_server,
    sleepless,
)
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
    User.objects.create_superuser("nina", password="a password")

    page.goto(live_server.url)
    page.get_by_label("User name").fill("nina")
    page.get_by_label("Password").fill("a password")
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{live_server.url}/settings/mapping/{salesforce.pk}/")
    expect(page.locator("#duration")).to_contain_text(DOUBT)

    page.goto(f"{live_server.url}/settings/crm/{salesforce.pk}/backfill/")
    page.get_by_role("button", name="Preview the import").click()
    tasks.preview_import(Backfill.objects.get().pk)
    page.reload()
    expect(page.locator("main")).to_contain_text(DOUBT)
    page.get_by_role("table", name="Deals of the preview").get_by_role("link").first.click()
    expect(page.locator("main")).to_contain_text(DOUBT)
    assert any(DOUBT in said for said in BackfillDeal.objects.get().warnings)
