"""The test of the whole fails when the product is broken, each time in a running product that is broken so."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo_process import running_demo
from tests.whole import sabotage
from tests.whole.connecting import connect_hubspot, preview_the_import
from tests.whole.people import WAITS, People, wait_for_the_end
from tests.whole.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]
TEN_SECONDS = 10_000


@pytest.fixture(scope="module")
def people(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    folder = tmp_path_factory.mktemp("broken")
    with running_demo(folder, DJANGO_SETTINGS_MODULE="tests.whole.sabotage") as demo:
        people = People(browser=browser, product=Product(demo=demo))
        preview_the_import(connect_hubspot(people))
        yield people
        people.leave()


@pytest.fixture
def page(people: People) -> Page:
    return people.open("finance", "/settings/crm/1/backfill/")


def preview_again(page: Page) -> None:
    page.locator("summary", has_text="Preview again").click()
    page.get_by_role("button", name="Preview again").click()
    wait_for_the_end(page, patience=TEN_SECONDS)


def test_task_that_is_not_registered_is_noticed(people: People, page: Page) -> None:
    sabotage.put(people.product.demo.var, sabotage.UNREGISTERED)

    preview_again(page)

    with pytest.raises(AssertionError):
        people.check()
    assert any(re.search(r"POST .*/backfill/preview/: 500", told) for told in people.complaints)


def test_task_that_the_worker_cannot_load_is_told_within_ten_seconds(people: People, page: Page) -> None:
    sabotage.put(people.product.demo.var, sabotage.UNLOADABLE)

    with pytest.raises(AssertionError, match="the worker refused it"):
        preview_again(page)

    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("main")).to_contain_text("Preview of the import: cancelled.")


def test_page_that_asks_for_ever_is_noticed(people: People, page: Page) -> None:
    sabotage.put(people.product.demo.var, sabotage.ENDLESS)

    page.goto(f"{people.product.demo.web}/settings/legal-entity/")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(WAITS).first).to_be_attached()
    with pytest.raises(AssertionError):
        wait_for_the_end(page, patience=2 * TEN_SECONDS)
