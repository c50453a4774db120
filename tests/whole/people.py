"""The people of the demo, each with a browser of their own, and what every page must be free of."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Response, expect

from tests.whole.product import Product

LEFT = ("htmx:sendAbort", "htmx:afterRequest")
"""What htmx says when a page is left while it asks; an answer that is an error is seen as such."""
WAITS = ".work[hx-get], [hx-trigger='every 2s']"
PATIENCE = 180_000
"""Milliseconds. Other tests may have the processors to themselves for long."""


@dataclass(kw_only=True)
class People:
    browser: Browser
    product: Product
    complaints: list[str] = field(default_factory=list)
    """What a browser found wrong: script errors, blocked content, answers of 500."""
    _pages: dict[str, Page] = field(default_factory=dict)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def page(self, name: str) -> Page:
        """The browser of one of the logins, signed in."""
        if name not in self._pages:
            context = self.browser.new_context(viewport={"width": 1280, "height": 900})
            self._contexts.append(context)
            page = context.new_page()
            page.set_default_timeout(60_000)
            page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
            page.on("console", self._console)
            page.on("response", self._response)
            self._pages[name] = page
            sign_in(page, name=name, web=self.product.demo.web, password=self.product.demo.passwords[name])
        return self._pages[name]

    def open(self, name: str, path: str) -> Page:
        page = self.page(name)
        visit(page, f"{self.product.demo.web}{path}")
        return page

    def check(self) -> None:
        assert self.complaints == []
        self.product.check()

    def leave(self) -> None:
        for context in self._contexts:
            context.close()

    def _console(self, told: ConsoleMessage) -> None:
        if told.type == "error" and not told.text.startswith(("Failed to load resource", *LEFT)):
            self.complaints.append(f"{told.location.get('url')}: {told.text}")

    def _response(self, answer: Response) -> None:
        if answer.status >= 500:
            self.complaints.append(f"{answer.request.method} {answer.url}: {answer.status}")


def visit(page: Page, address: str) -> Response | None:
    """Goes there. A page that was just about to show a result automatically may come in between once."""
    try:
        return page.goto(address)
    except Error as error:
        if "ERR_ABORTED" not in error.message:
            raise
        return page.goto(address)


def sign_in(page: Page, *, name: str, web: str, password: str) -> None:
    page.goto(web)
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0, timeout=30_000)


def wait_for_the_end(page: Page, *, patience: int = PATIENCE) -> None:
    """The page asks automatically until what it waits for has ended. Fails when that never ends, or ends badly.

    `patience` is in milliseconds.
    """
    expect(page.locator(WAITS)).to_have_count(0, timeout=patience)
    over = page.locator(".work .alert")
    assert over.count() == 0, over.first.inner_text()


def number_in(page: Page, pattern: str) -> int:
    """The number that the page says by a pattern with one group."""
    found = re.search(pattern, page.locator("main").inner_text())
    assert found, page.locator("main").inner_text()
    return int(found[1].replace(",", ""))
