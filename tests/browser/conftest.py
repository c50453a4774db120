from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from playwright.sync_api import Page, sync_playwright


@pytest.fixture
def page(chromium: str, monkeypatch: pytest.MonkeyPatch, live_server: Any) -> Iterator[Page]:
    """A browser as wide as a phone, on the pages of this process."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # the driver has a loop of its own
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)  # the server's threads end
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=live_server.url, viewport={"width": 360, "height": 800})
        page.set_default_timeout(5_000)
        yield page
        browser.close()
        connections.close_all()  # inside the driver's loop Django has connections of their own


@pytest.fixture
def sign_in(page: Page, live_server: Any) -> Callable[[User], None]:
    def enter(user: User) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
        )

    return enter
