"""Every page, as each role, on a phone and a desk, light and dark: what axe finds, and how days are written."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.demo_process import Demo, running_demo

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
LOOKS = [
    ("finance", 1280, "light"),
    ("approver", 360, "dark"),
    ("support", 1280, "dark"),
    ("operator", 360, "light"),
]
NO_PAGES = (".pdf", "csv", "logout", "/admin")
BROWSERS_DAYS = re.compile(r"\b[0-3]?\d\.[01]?\d\.\d{4}\b|\b[A-Z][a-z]{2} [0-3]?\d, \d{4}\b")
"""As a German or an American browser would write a day; the workspace writes 30 Nov 2026."""
IS_A_CHOICE = frozenset({"/settings/legal-entity/"})
"""Offers the other way of writing by an example of it."""


@pytest.fixture(scope="module")
def demo(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def sign_in(page: Page, demo: Demo, name: str) -> None:
    page.goto(demo.web)
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(demo.passwords[name])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=re.compile("Account of"))).to_be_visible()


@pytest.fixture(scope="module")
def connected(browser: Browser, demo: Demo) -> Demo:
    """HubSpot with its mapping confirmed and its deals of today, so that lists have rows."""
    page = browser.new_context().new_page()
    page.set_default_timeout(30_000)
    sign_in(page, demo, "finance")
    page.goto(f"{demo.web}/settings/crm/add/hubspot/")
    page.get_by_label("Access token").fill(demo.token)
    page.get_by_label("Import from").fill(date.today().isoformat())
    page.get_by_label("Currency").select_option("USD")
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("link", name="Open Field Mapping").first.click()
    page.get_by_role("button", name="Confirm mapping").click()
    page.goto(f"{demo.web}/settings/crm/")
    page.get_by_role("button", name="Sync now").first.click()
    for _ in range(60):
        page.goto(f"{demo.web}/invoices/")
        if page.locator("table tbody tr").count():
            return demo
        page.wait_for_timeout(1_000)
    raise AssertionError("no invoice came of the first sync")


@pytest.mark.parametrize(("role", "width", "scheme"), LOOKS)
def test_no_page_trips_a_screen_reader_or_mixes_days(
    browser: Browser, connected: Demo, role: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, bypass_csp=True, color_scheme=scheme, locale="de-DE"
    )
    page, axe = context.new_page(), Axe()
    page.set_default_timeout(30_000)
    sign_in(page, connected, role)
    found: list[tuple[str, str]] = []
    number = 0
    for path in pages_from(page, connected.web):
        number += 1
        found += [(path, violation["id"]) for violation in axe.run(page).response["violations"]]
        mixed = BROWSERS_DAYS.findall(page.locator("body").inner_text())
        found += [(path, day) for day in mixed if path not in IS_A_CHOICE]
    context.close()

    assert found == []
    assert number > 20


def pages_from(page: Page, web: str) -> Iterator[str]:
    """One page of each kind that links lead to; the page shows it while it is the caller's turn."""
    waiting, kinds = ["/"], set()
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"\d+", "N", path.partition("?")[0])
        if kind in kinds:
            continue
        kinds.add(kind)
        answer = page.goto(f"{web}{path}")
        if answer is None or "html" not in answer.headers.get("content-type", ""):
            continue
        yield path
        links = page.eval_on_selector_all("a[href]", "found => found.map(one => one.getAttribute('href'))")
        waiting += [link.partition("#")[0] for link in links if is_page(link)]


def is_page(link: str) -> bool:
    return link.startswith("/") and not any(part in link for part in NO_PAGES)
