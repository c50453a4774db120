"""Every mail to people of the company writes days and numbers as the workspace has chosen, and one way only."""

import ast
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core import mail

from billing.enums import ChangeKind, ControlKind
from billing.issuing.control_mails import tell_approvers
from billing.models import ContractChange, ControlChange
from contracts import check_mails
from contracts.enums import PageFormat
from contracts.models import Contract, Workspace
from crm_sync.connections.alerts import alarm_refusals, send_alerts, write_alert
from crm_sync.enums import AlertKind, HoldCode, TieOutLine
from crm_sync.holds.mails import tell_of_holds
from crm_sync.holds.reminders import remind_of_holds
from crm_sync.importing.change_mails import tell_of_changes
from crm_sync.models import Connection, Hold
from crm_sync.oversight.tie_out import Figure
from crm_sync.oversight.tie_out_checks import write_mail
from fincelo.models import InvariantCheck
from tests.crm_sync.oversight.test_tie_out import imported
from tests.crm_sync.page_rows import NOON, connect, deal, hold, problem, ran
from tests.written import STRANGE

pytestmark = pytest.mark.django_db
SENDER = "send_to_staff"
AT = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
FACTS = (
    "On 2026-11-30 it came to EUR 1,234,567.89 of 1,200 deals at 8.5 %. Known since 2026-11-30, 23:30 UTC."
)
WRITTEN = {
    "en-gb": "On 30 Nov 2026 it came to EUR\u00a01,234,567.89 of 1,200 deals at 8.5 %. "
    "Known since 1 Dec 2026, 00:30.",
    "de": "On 30.11.2026 it came to 1.234.567,89\u00a0EUR of 1.200 deals at 8,5 %. "
    "Known since 01.12.2026, 00:30.",
}
THEIRS = "Renewal 2026-11-30, USD 1,000.00 or 1.000,00"
"""A deal's name and a footer: nobody but who wrote it may write it in another way."""


def on_connection(kind: AlertKind) -> Callable[[Connection], None]:
    return lambda connection: write_alert(connection=connection, kind=kind) and None


def tie_out(connection: Connection) -> None:
    write_mail(
        month=date(2026, 11, 1),
        red=[Figure(line=TieOutLine.MISSING, currency="EUR", rows=1_200, amount=123_456_789)],
    )


def held(connection: Connection) -> Hold:
    one = deal(connection, name=THEIRS, url="https://acme.example/2026-11-30/EUR%201,200.00")
    return hold(
        one, problem(HoldCode.AMOUNT_MISSING, sentence=FACTS, cure=FACTS), manager_email="ada@acme.example"
    )


def held_now(connection: Connection) -> None:
    held(connection)
    ran(connection)
    tell_of_holds(run=ran(connection))


def held_still(connection: Connection) -> None:
    Hold.objects.filter(pk=held(connection).pk).update(opened_at=datetime(2026, 1, 1, tzinfo=UTC))
    remind_of_holds()


def changed(connection: Connection) -> None:
    contract = imported(connection, "A")
    Contract.objects.filter(pk=contract.pk).update(name=THEIRS)
    ContractChange.objects.create(
        contract=contract,
        kind=ChangeKind.CRM_CHANGE,
        before={"start_date": "2026-11-30", "value": {"minor": 123_456_789, "currency": "EUR"}},
        after={"start_date": "2026-12-01", "value": {"minor": 120_000, "currency": "JPY"}},
    )
    tell_of_changes(run=ran(connection))


def refused(connection: Connection) -> None:
    alarm_refusals(connection_id=connection.pk, rule="amount_is_positive", count=1_200, deals=2_000)


def bank_details(connection: Connection) -> None:
    ControlChange.objects.create(
        kind=ControlKind.LETTERHEAD,
        subject="letterhead",
        sentence="X",
        requested_by=User.objects.get(username="olga"),
        payload={"before": {"footer": "None"}, "after": {"footer": THEIRS}},
    )
    ControlChange.objects.update(requested_at=AT)
    tell_approvers()


def invariants(connection: Connection) -> None:
    found = {"number": "I1", "name": "a_rule", "count": 1_201, "sentences": [FACTS]}
    InvariantCheck.objects.create(checked_at=AT, findings=[found])
    check_mails.tell()


ALERTS: dict[AlertKind, Callable[[Connection], object]] = {
    **{
        kind: on_connection(kind)
        for kind in (
            AlertKind.BROKEN,
            AlertKind.SILENT,
            AlertKind.RECOVERED,
            AlertKind.ASKS,
            AlertKind.DATABASE,
        )
    },
    AlertKind.TIE_OUT: tie_out,
    AlertKind.TIES_AGAIN: lambda connection: write_mail(month=date(2026, 11, 1), red=[]),
    AlertKind.CHANGED: changed,
    AlertKind.HELD: held_now,
    AlertKind.HELD_STILL: held_still,
    AlertKind.REFUSED: refused,
}
OTHERS = {"billing/issuing/control_mails.py": bank_details, "contracts/check_mails.py": invariants}
"""By the module that sends them; all alerts are sent by one."""
KINDS = [*ALERTS.items(), *OTHERS.items()]


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A connection with something to tell; whoever is to be told is there."""
    monkeypatch.setattr("crm_sync.runs.fence", lambda *, run: None)
    olga = User.objects.create_user("olga", email="olga@fincelo.example")
    olga.groups.add(*Group.objects.filter(name__in=["Operator", "Approver"]))
    made = connect(state_reason=FACTS, cursor_modified_at=NOON, last_success_at=AT)
    ran(made)
    return made


@pytest.mark.parametrize("page_format", PageFormat.values)
@pytest.mark.parametrize(("kind", "write"), KINDS, ids=[str(kind) for kind, _ in KINDS])
def test_a_mail_writes_days_and_numbers_one_way(
    connection: Connection, kind: str, write: Callable[[Connection], object], page_format: str
) -> None:
    Workspace.objects.update_or_create(
        pk=1, defaults={"page_format": page_format, "time_zone": "Europe/Berlin"}
    )
    write(connection)
    send_alerts()

    assert mail.outbox
    text = "\n".join(f"{sent.subject}\n{sent.body}" for sent in mail.outbox)
    own = re.sub(r"\u201c[^\u201d]*\u201d|https?://\S+", "", text).replace(THEIRS, "")
    assert STRANGE[page_format].findall(own) == []
    assert re.findall(r"\b(?!20\d\d\b)\d{4,}", own) == []
    if "Known since" in text:
        assert WRITTEN[page_format] in text


@pytest.mark.parametrize("write", [held_now, held_still, changed, bank_details])
def test_what_others_wrote_is_mailed_as_they_wrote_it(
    connection: Connection, write: Callable[[Connection], None]
) -> None:
    Workspace.objects.update_or_create(pk=1, defaults={"page_format": "de"})
    write(connection)
    send_alerts()

    sent = mail.outbox[0]
    assert THEIRS in sent.body
    if write in (held_now, held_still):
        assert THEIRS in sent.subject
        assert "https://acme.example/2026-11-30/EUR%201,200.00" in sent.body


def test_each_kind_of_mail_is_in_the_table_above() -> None:
    senders, builders = calling(SENDER), calling("EmailMessage")

    assert set(ALERTS) == set(AlertKind)
    assert senders == {"crm_sync/connections/alerts.py", *OTHERS}
    assert builders == {"contracts/staff_mails.py", "billing/mailing/composing.py"}
    assert not calling(
        "send_mail", "send_mass_mail", "mail_admins", "mail_managers", "EmailMultiAlternatives"
    )


def calling(*names: str) -> set[str]:
    """The modules of the product that call a function or class of one of these names."""
    root: Path = settings.BASE_DIR
    return {
        str(path.relative_to(root))
        for app in ("access", "billing", "contracts", "crm_sync", "fincelo")
        for path in (root / app).rglob("*.py")
        if any(f"{name}(" in (source := path.read_text()) for name in names)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and (name_of(node.func) in names)
    }


def name_of(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))
