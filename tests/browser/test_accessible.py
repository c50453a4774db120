"""Every page, as each role, on a phone and a desk, light and dark: what axe finds, and how days are written."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.demo_process import Demo, running_demo
from tests.whole.product import Product, until
from tests.written import STRANGE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
LOOKS = [
    ("finance", 1280, "light", "de", "en-GB"),
    ("approver", 360, "dark", "en-gb", "de-DE"),
    ("support", 1280, "dark", "en-gb", "en-GB"),
    ("operator", 360, "light", "de", "de-DE"),
]
"""Who reads, how wide, in which colours, how the workspace writes, and the language of the browser."""
SIZES = {1280: {"width": 1280, "height": 900}, 360: {"width": 360, "height": 900}}
RULES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}},
}
"""Between light and dark only colours change."""
OPEN_DIALOGS = """() => {
  const dialogs = document.querySelectorAll("dialog");
  dialogs.forEach((dialog) => dialog.setAttribute("open", ""));
  return dialogs.length;
}"""
TEXTS = re.compile(r'\d+|\b(value|href|title|hx-headers|data-writing|aria-label|datetime|d)="[^"]*"')
FOR_ANYBODY = ("/login/", "/no-such-page/")
NO_PAGES = (".pdf", "csv", "logout", "/admin")
OWN_WORDS = """() => {
  const page = document.body.cloneNode(true);
  page.querySelectorAll("code, select, datalist, script, [data-as-sent]").forEach((element) => element.remove());
  page.querySelectorAll("details").forEach((details) => (details.open = true));
  document.documentElement.append(page);
  const text = page.innerText;
  page.remove();
  return text.replace(/\u201c[^\u201d]*\u201d|PostgreSQL [0-9.]+/g, "");
}"""
"""What the page says itself: without the CRM's values, mails as they were sent, choices that are examples, and versions."""


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
def connected(demo: Demo) -> Demo:
    """HubSpot with its deals of late, so that lists have rows. No day of it depends on the time of day."""
    product = Product(demo=demo)
    token = demo.var / "token"
    token.write_text(demo.token)
    since = date.today() - timedelta(days=7)
    connect = ("connect_crm", "hubspot", "--name=HubSpot", f"--token-file={token}", f"--import-from={since}")
    for command in (
        (*connect, "--accept-proposed-mapping", "--default-currency=USD", "--yes"),
        ("sync_crm",),
    ):
        done = product.manage(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: product.value("SELECT count(*) FROM billing_invoice") > 0, seconds=60, what="An invoice.")
    return demo


@pytest.fixture(scope="module")
def looked_at() -> set[frozenset[str]]:
    return set()


@pytest.mark.parametrize(("role", "width", "scheme", "page_format", "locale"), LOOKS)
def test_no_page_trips_a_screen_reader_or_mixes_days_and_numbers(
    browser: Browser,
    connected: Demo,
    role: str,
    width: int,
    scheme: Literal["light", "dark"],
    page_format: str,
    locale: str,
    looked_at: set[frozenset[str]],
) -> None:
    write_as(browser, connected, page_format)
    context = browser.new_context(
        viewport={"width": width, "height": 900}, bypass_csp=True, color_scheme=scheme, locale=locale
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    found: list[tuple[str, str]] = []
    for path in FOR_ANYBODY:
        page.goto(f"{connected.web}{path}")
        found += [(path, told) for told in trips(page, looked_at)]
    sign_in(page, connected, role)
    number = 0
    for path in pages_from(page, connected.web):
        number += 1
        found += [(path, strange) for strange in STRANGE[page_format].findall(page.evaluate(OWN_WORDS))]
        found += [(path, told) for told in trips(page, looked_at)]
        page.set_viewport_size(SIZES[width])  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)
    context.close()

    assert found == []
    assert number > 20


def trips(page: Page, looked_at: set[frozenset[str]]) -> Iterator[str]:
    """What axe finds on the page, on a phone and a desk, light and dark, and in its dialogs.

    `looked_at`: pages that look the same to somebody else are looked at once.
    """
    look = look_of(page.content())
    if look in looked_at:
        return
    looked_at.add(look)
    page.evaluate(AXE_SCRIPT)
    for size in SIZES.values():
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for scheme, rules in RULES.items():
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            yield from violations(page, "document", rules)
    if page.evaluate(OPEN_DIALOGS):
        yield from violations(page, '"dialog"', RULES["light"])


def violations(page: Page, place: str, rules: dict[str, Any]) -> list[str]:
    answer = page.evaluate(f"rules => axe.run({place}, rules).then((found) => found.violations)", rules)
    return [f"{one['id']} {node['html'][:120]}" for one in answer for node in one["nodes"]]


def look_of(html: str) -> frozenset[str]:
    """The tags of a page and the order of its headings, whatever their texts and addresses are."""
    headings = "".join(re.findall(r"<(h\d)", html))
    tags = re.findall(r"<[a-z][^>]*>", html)
    return frozenset({headings, *(TEXTS.sub(r"\1", tag) for tag in tags)})


def write_as(browser: Browser, demo: Demo, page_format: str) -> None:
    """Chooses how all pages write days and numbers."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(30_000)
    sign_in(page, demo, "finance")
    page.goto(f"{demo.web}/settings/legal-entity/")
    choice = page.get_by_label("Days and numbers")
    choice.select_option(page_format)
    choice.locator("xpath=ancestor::form[1]").get_by_role("button", name="Save").click()
    expect(choice).to_have_value(page_format)
    context.close()


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
