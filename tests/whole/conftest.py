"""One running product for all stories of this folder, which are told in the order in which they are written."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.demo_process import running_demo
from tests.whole.people import People
from tests.whole.product import Product


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Undoes the shuffling for this folder: a story continues where the one before has ended."""
    places = [place for place, item in enumerate(items) if item.nodeid.startswith("tests/whole/")]
    in_order = sorted(
        (items[place] for place in places), key=lambda item: (str(item.path), item.reportinfo()[1])
    )
    for place, item in zip(places, in_order, strict=True):
        items[place] = item


@pytest.fixture(scope="module")
def product(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_demo(tmp_path_factory.mktemp("whole")) as demo:
        yield Product(demo=demo)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def people(browser: Browser, product: Product) -> Iterator[People]:
    people = People(browser=browser, product=product)
    yield people
    people.leave()
