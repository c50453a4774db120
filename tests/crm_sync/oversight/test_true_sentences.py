"""A sentence says what is so when it is read: each page in the state that makes its sentence false.

FALSE lists (page, the state, the sentence that must not be there, what is said instead). Sentences of tasks that
were refused and of disks that are full are tested beside their own causes.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.mail import EmailMessage
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from billing.enums import BillingMode, BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import BillingPolicy, Invoice, LegalEntity
from contracts.enums import BillingCycle
from contracts.models import Contract
from crm_sync.connections.alerts import send_alerts
from crm_sync.connections.held_summary import summary_of
from crm_sync.enums import AlertKind, BackfillState, ConnectionMode, DealState, HoldCode, RunTrigger
from crm_sync.models import Alert, Backfill, Connection, Hold
from fincelo.logs import Answers
from tests.billing.builders import TODAY as DUE
from tests.billing.builders import Deal, ensure_legal_entity, sign
from tests.crm_sync.page_rows import connect, deal, hold, problem, ran
from tests.pages import words

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True, kw_only=True)
class Untrue:
    """`state` makes the sentence false and answers the address of its page."""

    state: Callable[[], str]
    never: str
    instead: str


def at_work(**fields: object) -> Connection:
    return connect(**{"last_success_at": timezone.now(), "live_since": timezone.now()} | fields)  # type: ignore[arg-type]


def list_with(**fields: object) -> Callable[[], str]:
    def state() -> str:
        at_work(**fields)
        return "/settings/crm/"

    return state


def none_connected() -> str:
    return "/settings/crm/"


def silent_connection() -> str:
    long_ago = timezone.now() - timedelta(hours=2)
    connection = connect(last_success_at=long_ago, live_since=long_ago)
    Connection.objects.filter(pk=connection.pk).update(created_at=long_ago)
    return "/settings/crm/"


def dismissed_deal() -> str:
    deal(at_work(), state=DealState.DISMISSED)
    return "/holds/"


def previewed_deal() -> str:
    deal(at_work(mode=ConnectionMode.PREVIEW), state=DealState.PREVIEWED)
    return "/holds/list/"


def held_for_amounts() -> str:
    hold(deal(at_work()), problem(HoldCode.AMOUNT_MISSING))
    return "/holds/"


def unread_change() -> str:
    """The deal differs, and the connection that would say so is broken."""
    deal(connect(state="broken"), contract=sign(Deal())[0])
    return "/changes/"


def unread_month() -> str:
    connect(state="broken")
    return "/tie-out/"


def preview_of_what_is_known() -> str:
    connection = at_work()
    Backfill.objects.create(
        connection=connection,
        import_from=date(2026, 1, 1),
        as_of=date(2026, 11, 30),
        digest="x",
        state=BackfillState.READY,
        seen=3,
        unchanged=3,
        totals={"customers": 0, "outcomes": {}},
    )
    return f"/settings/crm/{connection.pk}/backfill/"


def waiting_in_review() -> str:
    connection = at_work(
        mode=ConnectionMode.REVIEW, import_from=date(2026, 1, 1), automatic_from=date(2026, 11, 1)
    )
    return f"/settings/crm/{connection.pk}/backfill/"


def confirming(**fields: object) -> Callable[[], str]:
    def state() -> str:
        return f"/settings/mapping/{at_work(is_confirmed=False, **fields).pk}/"

    return state


def due_contract() -> Contract:
    ensure_legal_entity()
    return sign(Deal())[0]


def due_for_approval() -> str:
    BillingPolicy.objects.update_or_create(defaults={"mode": BillingMode.APPROVE})
    return due_contract().get_absolute_url()


def due_without_sender() -> str:
    contract = due_contract()
    LegalEntity.objects.update(name="")
    return contract.get_absolute_url()


def run_with_early_deals() -> str:
    return ran(at_work(), seen=2, too_early=2).get_absolute_url()


def sweep_in_preview() -> str:
    return ran(
        at_work(mode=ConnectionMode.PREVIEW), trigger=RunTrigger.SWEEP, seen=2, previewed=2, missed=2
    ).get_absolute_url()


def connecting_salesforce() -> str:
    return "/settings/crm/add/salesforce/"


def no_page() -> str:
    return "/no/such/page/"


FALSE = {
    "connections, one paused": Untrue(
        state=list_with(state="paused"),
        never="become contracts automatically",
        instead="Each connection says what becomes of its won deals",
    ),
    "connections, mode Preview": Untrue(
        state=list_with(mode=ConnectionMode.PREVIEW),
        never="become contracts automatically",
        instead="Each connection says",
    ),
    "connections, mapping not confirmed": Untrue(
        state=list_with(is_confirmed=False),
        never="become contracts automatically",
        instead="Each connection says",
    ),
    "connections, none": Untrue(
        state=none_connected, never="become contracts automatically", instead="Connect a CRM"
    ),
    "connections, polls silent": Untrue(
        state=silent_connection, never="within five minutes", instead="Each connection says"
    ),
    "holds, a deal dismissed": Untrue(
        state=dismissed_deal,
        never="has become a contract",
        instead="No won deal that was read waits for a fix.",
    ),
    "hold list, a deal previewed": Untrue(
        state=previewed_deal,
        never="has become a contract",
        instead="No won deal that was read waits for a fix.",
    ),
    "holds, each amount is entered on its own": Untrue(
        state=held_for_amounts,
        never="One decision cures",
        instead="Open a cause to see what releases its deals.",
    ),
    "CRM changes, connection broken": Untrue(
        state=unread_change, never="says what its deal says", instead="No difference is open."
    ),
    "tie-out, connection broken": Untrue(
        state=unread_month, never="No deal was won", instead="No won deal that closed in"
    ),
    "import preview, all known": Untrue(
        state=preview_of_what_is_known,
        never="No won deal was found",
        instead="The won deals that were read are imported already",
    ),
    "import, mode Review": Untrue(
        state=waiting_in_review,
        never="billed automatically",
        instead="Deals that close from that day on are imported automatically, and their contracts wait for approval.",
    ),
    "mapping, connection paused": Untrue(
        state=confirming(state="paused"),
        never="with the next sync",
        instead="Nothing is imported from Salesforce until it is at work again.",
    ),
    "mapping, mode Preview": Untrue(
        state=confirming(mode=ConnectionMode.PREVIEW),
        never="billed automatically",
        instead="only shown in the Sync History",
    ),
    "contract, drafts wait for approval": Untrue(
        state=due_for_approval, never="issues it", instead="The next billing run drafts it for approval."
    ),
    "contract, company without a name": Untrue(
        state=due_without_sender,
        never="issues it",
        instead="is due and waits. The name of the legal entity is missing",
    ),
    "run, deals closed too early": Untrue(
        state=run_with_early_deals,
        never="No deal in a selected stage",
        instead="None of the deals that were read was to be imported.",
    ),
    "sweep, mode Preview": Untrue(
        state=sweep_in_preview, never="each is a contract now", instead="See below what became of each."
    ),
    "connecting, an address that one choice needs": Untrue(
        state=connecting_salesforce,
        never="My Domain address (optional)",
        instead="My Domain address Needed for My Domain, and only then",
    ),
    "404": Untrue(state=no_page, never="search for the contract", instead="There is no such page"),
}


@pytest.fixture
def anna() -> Client:
    """An admin, who sees every sentence."""
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


@pytest.mark.parametrize("case", FALSE)
def test_no_sentence_is_shown_in_the_state_that_makes_it_false(anna: Client, case: str) -> None:
    one = FALSE[case]
    address = one.state()

    said = words(anna.get(address).text)

    assert one.never not in said
    assert one.instead in said


def test_sentences_are_shown_where_they_are_true(anna: Client) -> None:
    at_work()
    contract = due_contract()

    assert "become contracts automatically, within five minutes" in words(anna.get("/settings/crm/").text)
    assert "The next billing run issues it." in words(anna.get(contract.get_absolute_url()).text)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("connected", "Fincelo was asked to read it again from Salesforce."),
        ("paused", "It is read again once Salesforce is at work again."),
    ],
)
def test_what_a_decision_on_a_hold_leads_to(anna: Client, state: str, sentence: str) -> None:
    held: Hold = hold(deal(connect(state=state)), problem(HoldCode.AMOUNT_MISSING))

    page = anna.post(
        reverse("hold-enter", args=[held.pk]),
        {"key": "contract_value", "value": "900", "reason": "The order form says so."},
        follow=True,
    )

    assert sentence in words(page.text)


def test_a_credited_contract_is_not_called_billed(anna: Client) -> None:
    """Billed means one thing on both pages: what invoices charge, less what is credited."""
    ensure_legal_entity()
    [contract] = sign(Deal(value="500.00", cycle=BillingCycle.ONE_TIME))
    invoice_due(as_of=DUE, trigger=BillingTrigger.COMMAND)
    before = words(anna.get(contract.get_absolute_url()).text)

    anna.post(
        reverse("invoice-credit", args=[Invoice.objects.get().pk]), {"amount": "", "reason": "In error"}
    )
    said = words(anna.get(contract.get_absolute_url()).text)
    customer = words(anna.get(contract.customer.get_absolute_url()).text)

    assert "Everything is billed." in before
    assert "Everything is billed." not in said
    assert "Everything was billed, and USD 500.00 of it is credited." in said
    assert "Open, with tax USD 500.00 0.00 0.00" in customer


def member(group: str) -> Client:
    user = User.objects.create_user(group.lower())
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def test_advice_says_who_can_follow_it() -> None:
    held = hold(deal(at_work()), problem(HoldCode.AMOUNT_MISSING))
    who = "Finance, Approver and Support can do this here. Your role can look at it."

    said = {role: words(member(role).get(f"/holds/{held.pk}/").text) for role in ("Operator", "Support")}

    assert who in said["Operator"]
    assert who not in said["Support"]


def test_who_enters_a_value_is_told_whose_yes_the_contract_needs() -> None:
    held = hold(deal(at_work()), problem(HoldCode.AMOUNT_MISSING))
    needed = "Finance or an approver then has to approve the contract before its first invoice."

    said = {role: words(member(role).get(f"/holds/{held.pk}/").text) for role in ("Finance", "Support")}

    assert needed in said["Support"]
    assert needed not in said["Finance"]


@pytest.mark.parametrize("role", ["Operator", "Support"])
def test_what_a_role_cannot_save_cannot_be_filled_in(role: str) -> None:
    ensure_legal_entity()
    page = member(role).get("/settings/invoices/").text

    assert page.count('<fieldset class="stack" disabled>') == 2
    assert "Save" not in words(page)


def test_mail_about_an_import_counts_what_is_held_when_it_is_sent(mailoutbox: list[EmailMessage]) -> None:
    User.objects.create_user("finn", email="finn@fincelo.example").groups.add(
        Group.objects.get(name="Finance")
    )
    connection = at_work()
    first = hold(deal(connection), problem(HoldCode.AMOUNT_MISSING))
    second = hold(deal(connection, "006B"), problem(HoldCode.AMOUNT_MISSING))
    subject, body = summary_of(connection)
    Alert.objects.create(connection=connection, kind=AlertKind.HELD, subject=subject, body=body)
    later = Alert.objects.create(
        connection=connection,
        kind=AlertKind.HELD,
        subject=subject,
        body=body,
        next_try_at=timezone.now() + timedelta(hours=1),
    )

    Hold.objects.filter(pk=first.pk).update(resolved_at=timezone.now())
    send_alerts()
    Hold.objects.filter(pk=second.pk).update(resolved_at=timezone.now())
    Alert.objects.filter(pk=later.pk).update(next_try_at=timezone.now() - timedelta(minutes=1))
    send_alerts()

    assert subject == "Fincelo: 2 deals of Salesforce cannot be billed yet"
    assert [mail.subject for mail in mailoutbox] == ["Fincelo: 1 deal of Salesforce cannot be billed yet"]


def test_log_calls_no_answer_an_error_that_is_none() -> None:
    def record(status: int, path: str) -> logging.LogRecord:
        made = logging.LogRecord(
            "django.request", logging.ERROR, "", 1, "x", None, (ValueError, ValueError(), None)
        )
        made.status_code, made.request = status, RequestFactory().get(path)  # type: ignore[attr-defined]
        assert Answers().filter(made)
        return made

    assert record(403, "/settings/").exc_info is None
    assert settings.LOGGING["loggers"]["django.request"] == {"filters": ["answers"]}
    assert record(503, "/healthz").levelname == "INFO"
    assert record(500, "/settings/").exc_info is not None
    assert record(503, "/settings/").levelname == "ERROR"
