"""As a new user would: why a deal is held, its cure, the contract. In a real browser, in under a minute."""

import os
import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from playwright.sync_api import Page, expect, sync_playwright

from contracts.models import Contract
from crm_sync.models import Connection, SyncRun
from demo.salesforce.org import Org
from tests.crm_sync.conftest import (  # noqa: F401  fixtures
    Run,
    org,
    run,
    salesforce,
    salesforce_server,
    sleepless,
)
from tests.crm_sync.holds.test_group_cures import work_off
from tests.crm_sync.sales import sell

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(200),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def page(chromium: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # the driver has a loop of its own
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)  # the server's threads end
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(20_000)
        yield page
        browser.close()
        connections.close_all()  # inside the driver's loop Django has connections of their own


def test_held_deals_are_found_cured_and_become_contracts(
    page: Page,
    live_server,
    salesforce: Connection,  # noqa: F811
    org: Org,  # noqa: F811
    run: Run,  # noqa: F811
) -> None:
    for number in range(3):
        name = f"Customer {number}"
        sell(org, account=org.add_account(name), Name=name, Billing_Frequency__c="Tariff 7")
    sell(org, Name="Acme, without an amount", Amount=None)
    run(salesforce)
    User.objects.create_user("nina", password="a password").groups.add(Group.objects.get(name="Finance"))
    began = time.monotonic()

    page.goto(live_server.url)
    page.get_by_label("User name").fill("nina")
    page.get_by_label("Password").fill("a password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Holds").first.click()
    shoot(page, "inbox")
    page.get_by_role("link", name="Billing cycle unknown").click()
    expect(page.locator("main")).to_contain_text(
        "3 deals are held. Billing Cycle “Tariff 7” is no billing cycle that Fincelo knows"
    )
    shoot(page, "group")
    page.locator("summary", has_text="Add a translation").click()
    shoot(page, "translate")
    page.get_by_label("Billing Cycle").select_option("Annual")
    page.get_by_role("button", name="Add translation").click()
    expect(page.locator("main")).to_contain_text("waits for the worker since")
    shoot(page, "waits")
    work_off()
    expect(page.locator("main")).to_contain_text("3 deals read again: 3 contracts created.")
    shoot(page, "run")
    page.get_by_role("link", name="Contract", exact=True).first.click()
    expect(page.locator("main")).to_contain_text("Billing schedule")

    page.goto(f"{live_server.url}/holds/")
    page.get_by_role("link", name="Amount missing").click()
    page.get_by_role("link", name="Acme, without an amount").click()
    shoot(page, "hold")
    page.locator("summary", has_text="Enter the value here").click()
    page.get_by_role("textbox", name="Contract Value").fill("900")
    page.get_by_role("textbox", name="Reason").fill("The order form says so.")
    shoot(page, "enter")
    page.get_by_role("button", name="Enter it").click()
    work_off()
    page.reload()
    page.locator("main").get_by_role("link", name="Acme, without an amount").first.click()
    expect(page.locator("main")).to_contain_text("Entered here")
    shoot(page, "contract")

    assert time.monotonic() - began < 60
    assert Contract.objects.count() == 4
    assert SyncRun.objects.filter(state="done", trigger="replay").count() == 2
    page.goto(f"{live_server.url}/holds/")
    shoot(page, "empty")
    page.goto(f"{live_server.url}/settings/holds/")
    shoot(page, "settings")


def shoot(page: Page, name: str) -> None:
    folder = os.environ.get("SHOTS")
    if not folder:
        return
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
