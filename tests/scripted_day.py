"""`python -m tests.scripted_day FILE`: plays one day with both CRMs and writes every row of the database to FILE.

Two commits between which code only moved write the same file. So nothing here imports a module of the apps that
move: the day is played through commands, pages, the queue and the simulated CRMs, in one process and in order.
The business day is pinned to `DAY`; what no two runs have in common is masked (tests/database_rows.py).
Play both commits on the same day of the clock: a billing run notes since which day nothing was billed.
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from demo.company import ensure_company
from demo.http_server import Server
from demo.hubspot.app import build_app as build_hubspot
from demo.hubspot.portal import Portal
from demo.logins import ensure_people
from demo.salesforce.app import build_app as build_salesforce
from demo.salesforce.org import Org
from tests.database_rows import all_rows
from tests.travel import travel_to

DAY, LATER = date(2026, 11, 30), date(2026, 12, 31)
"""The business day on which both CRMs are connected, and the one on which it is billed again."""
SOLD, IMPORT_FROM = DAY - timedelta(days=20), DAY - timedelta(days=40)
MOST_TASKS = 500
PEOPLE = ("finance", "approver")
Deals = dict[str, str]
"""The ids of a CRM's deals by the part that each plays."""

# What was sold. Each deal has a second of its own, so that the order of changes is always the same.


def fill_salesforce(org: Org) -> Deals:
    deals: Deals = {}

    def sell(part: str, name: str, amount: float | None, cycle: str, on: date = SOLD) -> None:
        address = {"BillingCity": "Durham", "BillingCountry": "United Kingdom"}
        at = org.now() - timedelta(seconds=60 - len(deals))
        deals[part] = org.add(
            "Opportunity",
            modified_at=at,
            Name=f"{name} platform",
            StageName="Closed Won",
            Amount=amount,
            CloseDate=on,
            AccountId=org.add_account(name, modified_at=at, **address),
            Contract_Term__c=12,
            Billing_Frequency__c=cycle,
            PO_Number__c=f"PO-{part}",
        )

    sell("plain", "Bramble", 1200, "Quarterly")
    sell("odd", "Copperfield", 999.99, "Monthly")
    sell("once", "Foxglove", 2400.5, "One-time")
    sell("leaves", "Juniper", 3600, "Monthly")
    sell("held", "Kestrel", None, "Annual")
    sell("unclear", "Larkspur", 800, "Bi-annual")
    sell("today", "Marlow", 6000, "Semi-annual", on=DAY)
    return deals


def fill_hubspot(portal: Portal) -> Deals:
    deals: Deals = {}

    def sell(
        part: str, name: str, amount: str | None, cycle: str, on: date = SOLD, currency: str = "USD"
    ) -> None:
        at = portal.clock() - timedelta(seconds=60 - len(deals))
        address = {"city": "Leeds", "zip": "LS1 3AD", "country": "United Kingdom"}
        deals[part] = portal.add_deal(
            modified_at=at,
            company_id=portal.add("companies", {"name": name, **address}, modified_at=at),
            dealname=f"{name} platform",
            dealstage="closedwon",
            amount=amount,
            deal_currency_code=currency,
            closedate=f"{on}T17:00:00Z",
            contract_term_months="12",
            billing_frequency=cycle,
            po_number=f"PO-{part}",
        )

    sell("plain", "Anchor", "1200", "quarterly")
    sell("odd", "Bluewren", "999.99", "monthly", currency="EUR")
    sell("once", "Dovetail", "2400.50", "one_time")
    sell("leaves", "Fernhill", "3600", "monthly")
    sell("held", "Greyhound", None, "annual")
    sell("unclear", "Lumen", "800", "fortnightly")
    sell("today", "Veldt", "6000", "semi_annual", on=DAY)
    return deals


def change_deals(org: Org, portal: Portal, sold: dict[str, Deals]) -> None:
    """One comes to more than before, one leaves won, and one is renamed."""
    deals = sold["Salesforce"]
    org.edit(deals["odd"], Amount=1499.99)
    org.edit(deals["leaves"], StageName="Closed Lost")
    org.edit(deals["today"], Name="Marlow platform, renamed")
    deals = sold["HubSpot"]
    portal.update_deal(deals["odd"], amount="1499.99")
    portal.update_deal(deals["leaves"], dealstage="closedlost")
    portal.update_deal(deals["today"], dealname="Veldt platform, renamed")


# People at their browsers


@dataclass(slots=True)
class Form:
    action: str
    values: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """What a browser would send of each form of a page that nobody has filled in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found = [Form("what stands outside of forms")]
        self._select = self._text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        name, value = named.get("name", ""), named.get("value", "")
        if tag == "form":
            self.found.append(Form(named.get("action", "")))
        values = self.found[-1].values
        if tag == "input" and (named.get("type") not in ("checkbox", "radio") or "checked" in named):
            values[name] = value
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in named or self._select not in values):
            values[self._select] = value
        elif tag == "textarea":
            self._text, values[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.found[-1].values[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._text = ""


class Person:
    """One of the logins of the demo, signed in."""

    def __init__(self, name: str) -> None:
        self.browser = Client()
        self.browser.force_login(one("auth.User", username=name))

    def press(self, name: str, /, *args: Any, at: str, **values: str) -> None:
        """Sends the form of the page `at` that leads to the address of this name, with these values.

        Lets the worker's tasks run then. Fails where there is no such form, or it is refused.
        """
        address = reverse(name, args=args)
        forms = Forms(self.browser.get(at).text).found
        fitting = [
            form for form in forms if (form.action or at) == address and values.keys() <= form.values.keys()
        ]
        assert fitting, f"{at} has no form for {address} with {', '.join(values)}."
        answer = self.browser.post(address, fitting[0].values | values, follow=True)
        refusals = re.findall(r'class="errorlist.*?</ul>|alert tone-bad.*?</p>', answer.text, re.S)
        assert (answer.status_code, refusals) == (200, []), f"{address} refuses."
        run_queue()


# The worker and the operator


def run_queue() -> None:
    """What the worker would do, one task after the other in the order in which they were enqueued."""
    from fincelo import task_guard  # after django.setup()

    queue = apps.get_model("django_q.OrmQ").objects.order_by("pk")
    for _ in range(MOST_TASKS):
        row = queue.first()
        if row is None:
            return
        task = row.task
        row.delete()
        function = task_guard.locate(task["func"])
        assert function, f"The worker would refuse {task['func']}."
        task_guard.tell_start(task=task)
        function(*task["args"])
        task_guard.tell_end(func=function, task=task | {"success": True})
    raise AssertionError(f"After {MOST_TASKS} tasks there are more: some task enqueues itself for ever.")


def run_schedules() -> None:
    """Everything that the worker starts automatically, once each: polls, sweeps, tie-out, mails, documents, seals."""
    from fincelo import background, task_guard  # after django.setup()

    scheduled = [task for task in background.registered().values() if task.schedule]
    for task in sorted(scheduled, key=lambda task: task.schedule):
        function = task_guard.locate(task.name)
        assert function, f"The worker would refuse {task.name}."
        function()
        run_queue()


def command(*words: str) -> None:
    told = StringIO()
    call_command(*words, stdout=told)
    print(f"$ manage.py {words[0]}", told.getvalue().strip(), sep="\n")
    run_queue()


# The day


def one(label: str, **which: Any) -> Any:
    """The one row of a model that answers to this."""
    return apps.get_model(label).objects.get(**which)


def page(name: str, *args: Any) -> str:
    return reverse(name, args=args)


def play(*, org: Org, portal: Portal, login_url: str, folder: Path) -> None:
    travel_to(DAY)
    ensure_company()
    ensure_people(dict.fromkeys(PEOPLE, "a password of nobody"))
    finance, approver = (Person(name) for name in PEOPLE)
    sold = {"Salesforce": fill_salesforce(org), "HubSpot": fill_hubspot(portal)}
    connect_salesforce(org, login_url=login_url, folder=folder)
    connect_hubspot(portal, finance=finance)
    for crm, deals in sold.items():
        cure(deals, crm=crm, finance=finance)
        settle(deals, finance=finance, approver=approver)
    salesforce = one("crm_sync.Connection", name="Salesforce").pk
    finance.press("start-billing", salesforce, at=page("connection", salesforce))
    change_deals(org, portal, sold)
    run_schedules()
    for deals in sold.values():
        assert contract_of(deals["leaves"]).state == "suspended", (
            "The deal has left won, its contract continues."
        )
    travel_to(LATER)
    command("run_billing")
    approver.press("approvals-approve", at=page("approvals"))
    command("sync_crm", "--full")
    run_schedules()
    finance.press("tie-out-check", at=page("tie-out"))
    command("check_invariants")


def connect_salesforce(org: Org, *, login_url: str, folder: Path) -> None:
    """By a refresh token, on the command line, with the proposed mapping and the import at once."""
    secret, token = folder / "secret", folder / "token"
    secret.write_text(org.app.consumer_secret)
    token.write_text(str(org.connect().refresh_token))
    command(
        *("connect_crm", "salesforce", "--name", "Salesforce", "--login-url", login_url),
        *("--client-id", org.app.consumer_key, "--client-secret-file", str(secret)),
        *("--refresh-token-file", str(token), "--import-from", str(IMPORT_FROM)),
        *("--default-currency", "EUR", "--accept-proposed-mapping", "--yes"),
    )
    command("sync_crm", "--connection", "Salesforce")


def connect_hubspot(portal: Portal, *, finance: Person) -> None:
    """By an access token, on the pages: connect, confirm the mapping, look at the preview, start billing."""
    entered = {"name": "HubSpot", "import_from": str(IMPORT_FROM), "default_currency": "USD"}
    add = page("connection-add", "hubspot")
    finance.press("connection-add", "hubspot", at=add, token=portal.issue_token(), **entered)
    pk = one("crm_sync.Connection", name="HubSpot").pk
    finance.press("field-mapping", pk, at=page("field-mapping", pk), amount_means="total")
    finance.press("backfill-confirm", pk, at=page("backfill", pk))


def cure(deals: Deals, *, crm: str, finance: Person) -> None:
    """Enters the missing amount of one deal and the unclear cycle of another."""
    entered = {"held": ("contract_value", "900"), "unclear": ("billing_cycle", "annual")}
    for part, (key, value) in entered.items():
        hold = one("crm_sync.Hold", crm_deal__external_id=deals[part], resolved_at=None)
        at = page("hold", hold.pk)
        finance.press("hold-enter", hold.pk, at=at, key=key, value=value, reason="As on the order form.")
        hold.refresh_from_db()
        assert hold.resolution == "imported", f"{crm}: the hold of {hold.crm_deal} is not cured."


def settle(deals: Deals, *, finance: Person, approver: Person) -> None:
    """One invoice is credited by two people. Another one is mailed, credited in part by one, and paid in part."""
    plain, once = (one("billing.Invoice", contract=contract_of(deals[part])) for part in ("plain", "once"))
    at = page("invoice", plain.pk)
    finance.press("invoice-credit", plain.pk, at=at, amount="", reason="Never delivered.")
    note = one("billing.CreditNote", invoice=plain)
    assert note.state == "draft", "Finance alone has issued a credit note."
    approver.press("credit-note-approve", note.pk, at=page("credit-note", note.pk))
    customer, at = once.customer_id, page("invoice", once.pk)
    contact = {"billing_email": "accounts@example.com"}
    finance.press("customer-contact", customer, at=page("customer", customer), **contact)
    finance.press("customer-send", customer, at=page("customer", customer))
    approver.press("invoice-credit", once.pk, at=at, amount="100.10", reason="Delivered late.")
    finance.press("invoice-payment", once.pk, at=at, paid="50.00", received_date=str(DAY), reference="Bank 1")


def contract_of(deal: str) -> Any:
    return one("crm_sync.CrmDeal", external_id=deal).contract


# Around it


@contextmanager
def product(*, salesforce: str, hubspot: str) -> Iterator[Path]:
    """A migrated product of its own in this process, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "WITNESS_PATH"):
            os.environ.pop(name, None)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "VAR_DIR": folder,
            "SECRET_KEY": "the secret key of the scripted day and of nothing else",
            "FERNET_KEYS": "the encryption key of the scripted day and of nothing else",
            "EMAIL_URL": "dummymail://",
            "PUBLIC_URL": "http://fincelo.example",
            "ALLOWED_HOSTS": "testserver",
            "HTTPS_ONLY": "false",
            "CRM_TRUSTED_ORIGINS": f"{salesforce},{hubspot}",
            "CRM_ALLOW_LOOPBACK": "true",
            "HUBSPOT_API_URL": hubspot,
        }
        django.setup()
        try:
            call_command("migrate", verbosity=0)
            yield Path(folder)
        finally:
            connection.close()
            call_command("stop_postgres")
            shutil.rmtree((Path(folder) / "postgres").resolve(), ignore_errors=True)


def main(file: Path) -> None:
    org, portal = Org(), Portal()
    with (
        Server(build_salesforce(org)) as salesforce,
        Server(build_hubspot(portal)) as hubspot,
        product(salesforce=salesforce.url, hubspot=hubspot.url) as folder,
    ):
        play(org=org, portal=portal, login_url=salesforce.url, folder=folder)
        lines = all_rows()
    file.write_text("".join(f"{line}\n" for line in lines))
    tables = {line.partition(" ")[0] for line in lines}
    print(f"{len(lines):,} rows of {len(tables)} tables are in {file}.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
