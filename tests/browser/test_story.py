"""The story of the README, in a real browser, against the processes that `make run` starts."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.demo_process import Demo, running_demo

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]
PATIENCE = 60_000
WIDTHS = {"narrow": 360, "wide": 1280}


@pytest.fixture(scope="module")
def demo(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser found wrong with a page: script errors, blocked content."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    yield page
    context.close()


def test_from_nothing_to_an_invoice(page: Page, demo: Demo, complaints: list[str]) -> None:
    sign_in(page, demo)
    expect(page).to_have_title(re.compile("CRM Integration"))

    authorise_salesforce(page, demo)
    confirm_mapping(page)
    connect_hubspot(page, demo)
    confirm_mapping(page)
    for name in ("Salesforce", "HubSpot"):
        sync_now(page, demo, name)

    contracts = rows(page, f"{demo.web}/contracts/")
    invoices = rows(page, f"{demo.web}/invoices/")
    assert contracts > 20
    assert invoices > 10
    assert held_for_want_of_an_amount(page, demo) > 0

    close_won(page, demo)
    sync_now(page, demo, "Salesforce")

    assert rows(page, f"{demo.web}/contracts/") == contracts + 1
    assert rows(page, f"{demo.web}/invoices/") == invoices + 1
    look_at_every_page(page, demo)
    assert complaints == []


def sign_in(page: Page, demo: Demo) -> None:
    page.goto(demo.web)
    page.get_by_label("User name").fill("finance")
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in").click()


def authorise_salesforce(page: Page, demo: Demo) -> None:
    page.get_by_role("link", name="Connect Salesforce").click()
    page.get_by_role("radio", name=re.compile("My Domain")).check()
    page.get_by_label("My Domain address").fill(demo.salesforce)
    page.get_by_label("Consumer key").fill(demo.consumer_key)
    page.get_by_label("Consumer secret").fill(demo.consumer_secret)
    page.get_by_label("Import from").fill((date.today() - timedelta(days=40)).isoformat())
    page.get_by_label("Currency").select_option("USD")
    page.get_by_role("button", name="Authorise").click()
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("main")).to_contain_text("Next: confirm the field mapping.")
    assert "code=" not in page.url


def connect_hubspot(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.web}/settings/crm/")
    page.get_by_role("link", name="Add HubSpot").click()
    page.get_by_label("Access token").fill(demo.token)
    page.get_by_label("Import from").fill((date.today() - timedelta(days=40)).isoformat())
    page.get_by_label("Currency").select_option("USD")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("main")).to_contain_text("Next: confirm the field mapping.")


def confirm_mapping(page: Page) -> None:
    page.get_by_role("link", name="Open Field Mapping").first.click()
    page.get_by_role("button", name="Confirm mapping").click()
    page.locator("summary", has_text="Start billing").click(timeout=PATIENCE)
    for limit in page.locator("input[name^=limit_]").all():
        limit.fill("")
    page.get_by_role("button", name="Start billing").click()
    expect(page.locator("main")).to_contain_text("The import has ended.", timeout=PATIENCE)


def sync_now(page: Page, demo: Demo, name: str) -> None:
    """Presses Sync now and waits for a run that began after that."""
    before = rows(page, f"{demo.web}/history/")
    page.goto(f"{demo.web}/settings/crm/")
    page.get_by_role("heading", name=name, exact=True).locator("xpath=ancestor::section[1]").get_by_role(
        "button", name="Sync now"
    ).click()
    for _ in range(PATIENCE // 500):
        page.wait_for_timeout(500)
        if (
            rows(page, f"{demo.web}/history/") > before
            and not page.locator("tbody").get_by_text("Running").count()
        ):
            return
    raise AssertionError(page.locator("main").inner_text())


def held_for_want_of_an_amount(page: Page, demo: Demo) -> int:
    """How many deals the inbox has behind that cause, and shows when it is opened."""
    page.goto(f"{demo.web}/holds/")
    page.locator("table tbody").get_by_role("link", name="Amount missing").first.click()
    expect(page.get_by_role("heading", name="Amount missing", level=1)).to_be_visible()
    return page.locator("table tbody tr").count()


def close_won(page: Page, demo: Demo) -> None:
    page.goto(demo.salesforce)
    page.get_by_role("button", name="Close won").first.click()


def rows(page: Page, address: str) -> int:
    """How many entries a list has, as its heading or its pages tell."""
    page.goto(address)
    return page.locator("table tbody tr").count()


def look_at_every_page(page: Page, demo: Demo) -> None:
    """No page is wider than the screen, on a phone or on a desk."""
    addresses = ["/contracts/", "/customers/", "/invoices/", "/holds/", "/history/", "/settings/crm/"]
    for path in ("/contracts/", "/customers/", "/invoices/", "/holds/", "/history/"):
        page.goto(f"{demo.web}{path}")
        link = page.locator("table tbody a").first
        addresses.append(str(link.get_attribute("href")))
    for width in WIDTHS.values():
        page.set_viewport_size({"width": width, "height": 900})
        for path in addresses:
            page.goto(path if path.startswith("http") else f"{demo.web}{path}")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} wide at {width}"
