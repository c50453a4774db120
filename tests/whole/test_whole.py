"""The product as a whole: what people do on its pages, done by the real worker, seen to its end.

Each story leaves the product well: nothing failed or was refused, no error in any log, nothing stored wrongly.
"""

import contextlib
import re
from collections.abc import Iterator

import pytest
from django.urls import get_resolver
from playwright.sync_api import Page, expect

from fincelo.background import registered
from fincelo.rights import views
from tests.whole.buttons import Button, Tour, kind, written
from tests.whole.connecting import FORTY_DAYS_AGO, connect_hubspot, preview_the_import
from tests.whole.people import People, number_in, wait_for_the_end
from tests.whole.product import Product, until

NOT_ALLOWED = 405
PEOPLE = ("finance", "approver", "support", "operator", "admin")
NOT_REACHED = {
    **dict.fromkeys(
        ("/background/N/again/", "/background/N/cancel/"),
        "only where work has failed, which test_sabotage shows",
    ),
    **dict.fromkeys(
        ("/approvals/parked/N/ask/", "/approvals/parked/N/release/"),
        "only after a history of twenty billing runs: tests/billing",
    ),
    **dict.fromkeys(
        ("/contracts/N/catch-up/all/", "/contracts/N/catch-up/elsewhere/"),
        "only for periods that were missed more than 31 days ago: tests/billing",
    ),
    **dict.fromkeys(
        ("/settings/crm/N/leavers/keep/", "/settings/crm/N/leavers/suspend/", "/contracts/N/resume/"),
        "only when deals leave won: tests/crm_sync/importing/test_leaving.py",
    ),
    **dict.fromkeys(
        ("/settings/crm/N/start/", "/settings/crm/N/start/suspend/"),
        "only when more than 20 deals are won at once: tests/crm_sync/connections/test_starting.py",
    ),
    "/settings/crm/access/N/ended/": (
        "only for access that Fincelo cannot end: tests/crm_sync/connections/test_access_is_ended.py"
    ),
    **dict.fromkeys(
        ("/holds/N/accept/", "/holds/N/downgrade/", "/holds/N/free/"),
        "the simulated CRMs have no clone, no zero and no negative amount: tests/crm_sync/holds/test_every_cure.py",
    ),
    **dict.fromkeys(
        ("/holds/group/default/", "/holds/group/translate/"),
        "pressed by a story before the tours begin, which cures the last hold of its kind",
    ),
    **dict.fromkeys(
        ("/payments/imports/N/decide/", "/payments/imports/N/discard/", "/payments/imports/N/read/"),
        "only for a bank's own file: tests/billing/test_bank_files.py",
    ),
    **dict.fromkeys(
        (
            *("/customers/N/send/", "/invoices/N/send/", "/invoices/mail/send/", "/invoices/mail/N/bounced/"),
            *("/credit-notes/N/send/", "/credit-notes/N/discard/", "/customers/N/follow-crm/N/"),
            "/credit-notes/N/approve/",
            *("/contracts/N/approve/", "/contracts/N/reject/", "/approvals/contracts/approve/"),
            "/settings/crm/N/backfill/deals/N/decide/",
        ),
        "only in a state that the tours may have passed by the time they come there",
    ),
    "/settings/custom-fields/N/printed/": "no custom field is mapped: tests/crm_sync",
}
"""Addresses that take a POST and have no button in the state that the stories leave, each with its reason."""
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def _leaves_the_product_well(people: People) -> Iterator[None]:
    yield
    people.check()


@pytest.fixture(scope="module")
def pressed() -> dict[Button, str]:
    """Every button that was pressed, by whom."""
    return {}


@pytest.fixture(scope="module")
def seen() -> set[Button]:
    """Every button that a crawl of the pages has found."""
    return set()


def test_salesforce_is_authorised_and_its_import_previewed(people: People, product: Product) -> None:
    demo = product.demo
    page = people.open("finance", "/settings/crm/")
    page.get_by_role("link", name="Connect Salesforce").click()
    page.get_by_role("radio", name=re.compile("My Domain")).check()
    page.get_by_label("My Domain address").fill(demo.salesforce)
    page.get_by_label("Consumer key").fill(demo.consumer_key)
    page.get_by_label("Consumer secret").fill(demo.consumer_secret)
    page.get_by_label("Import from").fill(FORTY_DAYS_AGO)
    page.get_by_label("Currency").select_option("USD")
    page.get_by_role("button", name="Authorise").click()
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("main")).to_contain_text("Next: confirm the field mapping.")
    preview_and_import(page)


def test_hubspot_is_connected_by_its_token(people: People, product: Product) -> None:
    preview_and_import(connect_hubspot(people))

    assert product.value("SELECT count(*) FROM billing_invoice WHERE number <> ''") > 10


def preview_and_import(page: Page) -> None:
    preview_the_import(page)
    expect(page.locator("main")).to_contain_text("Totals by currency")
    page.locator("summary", has_text="Start billing").click()
    page.get_by_role("button", name="Start billing").click()
    wait_for_the_end(page)
    expect(page.locator("main")).to_contain_text("The import has ended.")


def test_one_translation_cures_all_deals_of_a_cause(people: People, product: Product) -> None:
    contracts = product.value("SELECT count(*) FROM contracts_contract")
    page = people.open("finance", "/holds/")
    page.locator("table tbody").get_by_role("link", name="Billing cycle unknown").first.click()
    held = number_in(page, r"(\d[\d,]*) deals?")
    page.locator("summary", has_text="Add a translation").first.click()
    page.locator("form", has=page.locator("select[name=value]")).locator("select").first.select_option(
        "annual"
    )
    page.get_by_role("button", name=re.compile("Add|Save|Translate")).last.click()
    wait_for_the_end(page)

    until(
        lambda: product.value("SELECT count(*) FROM contracts_contract") == contracts + held,
        seconds=60,
        what="Each deal of the cause is a contract.",
    )


def test_saved_mapping_is_applied_to_what_was_read_before(people: People, product: Product) -> None:
    page = people.open("finance", "/settings/mapping/")
    page.locator("main a", has_text="Salesforce").first.click()
    page.get_by_label("Default value of Contract Duration").fill("12")
    page.get_by_role("button", name="Check and save").click()
    page.get_by_role("button", name="Save and re-apply").click()
    wait_for_the_end(page)

    runs = "SELECT count(*) FROM crm_sync_syncrun WHERE trigger = 'reapply' AND state = 'done'"
    until(lambda: product.value(runs) == 1, seconds=60, what="One run has applied the mapping.")


def test_held_deal_is_read_again(people: People, product: Product) -> None:
    page = people.open("finance", "/holds/list/")
    page.locator("table tbody a").first.click()
    page.get_by_role("button", name="Sync again").click()
    wait_for_the_end(page)

    runs = "SELECT count(*) FROM crm_sync_syncrun WHERE trigger = 'replay' AND state = 'done'"
    until(lambda: product.value(runs) == 2, seconds=60, what="One more run has read named deals.")


def test_contracts_of_a_connection_in_review_wait_for_approval(people: People, product: Product) -> None:
    page = people.open("finance", "/settings/crm/2/")
    page.get_by_role("radio", name=re.compile("Review")).check()
    with page.expect_navigation():
        page.get_by_role("button", name="Save settings").click()
    for _ in range(3):
        page.goto(product.demo.hubspot)
        with page.expect_navigation():
            page.get_by_role("button", name="Close won").first.click()
    page = people.open("finance", "/settings/crm/2/")
    page.get_by_role("button", name="Sync now").first.click()
    wait_for_the_end(page)

    waiting = "SELECT count(*) FROM contracts_contract WHERE state = 'awaiting_approval'"
    until(lambda: product.value(waiting) >= 2, seconds=60, what="Two contracts wait for approval.")


def test_every_registered_task_was_done(product: Product) -> None:
    """What runs automatically is made due once more, now that there is something to do.

    Whoever finds a busy connection or a full lane leaves its turn out: so all are due again each half minute.
    """
    done = "SELECT func FROM fincelo_taskhistory WHERE last_ok_at IS NOT NULL"

    for _ in range(10):
        product.run_schedules()
        with contextlib.suppress(AssertionError):
            until(
                lambda: {func for (func,) in product.query(done)} >= set(registered()),
                seconds=30,
                what="Every task is done once.",
            )
            break
    assert {func for (func,) in product.query(done)} == set(registered())


@pytest.mark.parametrize("name", PEOPLE)
def test_every_button_that_a_person_sees_works(
    people: People, pressed: dict[Button, str], seen: set[Button], name: str
) -> None:
    walk(Tour(people=people, name=name, pressed=pressed, seen=seen, ends_things=False))


@pytest.mark.parametrize("name", PEOPLE)
def test_every_button_that_ends_something_works(
    people: People, pressed: dict[Button, str], seen: set[Button], name: str
) -> None:
    walk(Tour(people=people, name=name, pressed=pressed, seen=seen, ends_things=True))


def walk(tour: Tour) -> None:
    tour.walk()

    assert tour.trouble == []


def test_no_button_that_was_seen_was_left_out(pressed: dict[Button, str], seen: set[Button]) -> None:
    assert written(seen - set(pressed)) == []
    assert len(pressed) > 60


def test_every_address_that_takes_a_post_was_pressed(people: People, pressed: dict[Button, str]) -> None:
    """What answers 405 to a GET has a button somewhere; one that is never offered is a feature without a door."""
    page = people.page("admin")
    routes = {kind(f"/{re.sub(r'<[^>]+>', '0', route)}") for route, _ in views(get_resolver().url_patterns)}
    posts = {
        route
        for route in routes
        if page.request.get(f"{people.product.demo.web}{route.replace('/N/', '/0/')}").status == NOT_ALLOWED
    }

    assert sorted(posts - {button.target for button in pressed} - set(NOT_REACHED)) == []
