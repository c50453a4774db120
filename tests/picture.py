"""The picture of the README: `python -m tests.picture` starts the demo, imports from HubSpot and takes it."""

import os
import tempfile
from datetime import date, timedelta
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.conf import settings  # noqa: E402  needs the settings
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from tests.browser.demo_process import Demo, running_demo  # noqa: E402
from tests.chromium import find_chromium  # noqa: E402
from tests.whole.people import sign_in  # noqa: E402
from tests.whole.product import Product, until  # noqa: E402

PICTURE = Path(settings.BASE_DIR) / "docs" / "contract.png"
MONTHLY = """
    SELECT contract_id FROM billing_invoice JOIN contracts_contract ON contracts_contract.id = contract_id
    WHERE billing_cycle = 'monthly' AND number <> '' ORDER BY value_minor DESC LIMIT 1
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder)) as demo:
        contract = billed_contract(demo)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            take(page, demo, contract)
            browser.close()


def billed_contract(demo: Demo) -> int:
    """Imports what HubSpot has of the last two months; the largest monthly contract with an invoice."""
    product = Product(demo=demo)
    token = demo.var / "token"
    token.write_text(demo.token)
    since = date.today() - timedelta(days=60)
    connect = ("connect_crm", "hubspot", "--name=HubSpot", f"--token-file={token}", f"--import-from={since}")
    for command in (
        (*connect, "--accept-proposed-mapping", "--default-currency=USD", "--yes"),
        ("sync_crm",),
    ):
        done = product.manage(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: bool(product.query(MONTHLY)), seconds=120, what="An invoice of a monthly contract.")
    product.settle()
    return int(product.value(MONTHLY))


def take(page: Page, demo: Demo, contract: int) -> None:
    sign_in(page, name="finance", web=demo.web, password=demo.passwords["finance"])
    page.goto(f"{demo.web}/contracts/{contract}/")
    page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
