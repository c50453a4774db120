"""A third CRM touches its own folder and one row of the registry, and nothing else."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from billing.models import Instalment
from contracts.models import Contract
from crm_sync.clients.registry import PROVIDERS
from crm_sync.enums import RunState, RunTrigger, SourceObject
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, SyncRun
from crm_sync.sync import sync
from tests.crm_sync.conftest import confirm
from tests.crm_sync.third_provider.client import Ledger
from tests.crm_sync.third_provider.facts import facts_of_ledger
from tests.pages import alerts, signed_in

NAMES = re.compile("|".join(sorted(PROVIDERS)), re.IGNORECASE)
APPS = ("access", "billing", "contracts", "crm_sync", "fincelo", "templates")
MAY_NAME = {
    "crm_sync/findings/catalogue.py": "sentences on what one provider's client has found",
    "crm_sync/clients": "the clients and their registry",
    "crm_sync/migrations": "what was stored before",
    "fincelo/settings.py": "what the environment may say of a client",
    "templates/crm_sync/clients": "the set-up steps of each",
}
DAY = date(2026, 11, 20)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    ledger = Ledger()
    facts = facts_of_ledger(ledger)
    monkeypatch.setitem(PROVIDERS, facts.key, facts)
    return ledger


def sale(**more: str) -> dict[SourceObject, dict[str, str | Decimal | None]]:
    return {
        SourceObject.ACCOUNT: {"title": "Acme GmbH"},
        SourceObject.OWNER: {"mail": "ada@acme.example"},
        SourceObject.DEAL: {
            "worth": Decimal("1200.00"),
            "signed_on": "2026-11-15",
            "contract_term": "12",
            "billing_frequency": "monthly",
            **more,
        },
    }


@pytest.mark.django_db
def test_a_third_provider_goes_from_its_token_to_a_contract(ledger: Ledger) -> None:
    browser = signed_in(
        *("crm_sync.view_connection", "crm_sync.change_connection", "crm_sync.view_syncrun"),
        *("crm_sync.change_syncrun", "crm_sync.view_fieldmapping", "contracts.view_contract"),
    )
    plain = ledger.sell(number=1, name="Acme, three seats", closed=date(2026, 11, 14), fields=sale())
    held = ledger.sell(number=2, name="Beta", closed=date(2026, 11, 14), fields=sale(worth=None))  # type: ignore[arg-type]

    connection = connected_on_the_pages(browser, ledger)
    confirm(connection)
    run = sync(connection=connection, order=Order(trigger=RunTrigger.SCHEDULE, as_of=DAY))

    assert (run.state, run.created, run.held, run.error) == (RunState.DONE, 1, 1, "")
    contract = Contract.objects.get()
    assert (contract.value_minor, contract.currency, contract.customer.name) == (120_000, "EUR", "Acme GmbH")
    assert Instalment.objects.filter(schedule__contract=contract).count() == 12
    shown_on_its_pages(browser, connection=connection, run=run, contract=contract)
    for typed, words in {
        plain: str(contract),
        f"https://ledgerline.example/deals/{held}": "Beta",
        "LL-99": "does not know the deal LL-99",
    }.items():
        assert words in browser.post(reverse("why"), {"deal": typed}).text, typed


def connected_on_the_pages(browser: Client, ledger: Ledger) -> Connection:
    steps = browser.get("/settings/crm/add/ledgerline/").text
    assert "Connect Ledgerline" in steps
    assert "For the sales" in steps
    entered = {"name": "Ledgerline", "import_from": "2026-01-01", "default_currency": ""}
    refused = browser.post("/settings/crm/add/ledgerline/", entered | {"token": "wrong"})
    assert alerts(refused)[0] == "Ledgerline does not accept the token."

    browser.post("/settings/crm/add/ledgerline/", entered | {"token": f" {ledger.token} "})

    connection = Connection.objects.get()
    assert (connection.state, connection.get_provider_display()) == ("connected", "Ledgerline")
    return connection


def shown_on_its_pages(browser: Client, *, connection: Connection, run: SyncRun, contract: Contract) -> None:
    assert "Ledgerline: Ledger of Acme" in browser.get(connection.get_absolute_url()).text
    assert "Add Ledgerline" in browser.get("/settings/crm/").text
    assert "Deals can be read." in browser.post(reverse("connection-preflight", args=[connection.pk])).text
    assert "Party: title" in browser.get(reverse("field-mapping", args=[connection.pk])).text
    assert "Ledgerline" in browser.get(reverse("sync-history")).text
    assert "Beta" in browser.get(reverse("sync-run", args=[run.pk])).text
    assert (
        "https://ledgerline.example/deals/LL-1" in browser.get(reverse("contract", args=[contract.pk])).text
    )


@pytest.mark.django_db
def test_a_third_provider_needs_no_migration(ledger: Ledger) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_nothing_outside_the_clients_names_a_provider() -> None:
    root: Path = settings.BASE_DIR
    files = [
        path
        for app in APPS
        for suffix in ("py", "html")
        for path in sorted((root / app).rglob(f"*.{suffix}"))
    ]

    named = [
        f"{place}:{number} {line.strip()}"
        for path in files
        if not (place := path.relative_to(root).as_posix()).startswith(tuple(MAY_NAME))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if NAMES.search(line)
    ]

    assert named == []
