"""A valid row in every table that has a rule."""

from datetime import date, timedelta

from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now

from access.models import FailedSignIn
from billing.documents.logos import as_jpeg
from billing.enums import ControlKind, CreditNoteState, SeriesKind
from billing.issuing.letterheads import change_letterhead
from billing.models import (
    BankProfile,
    BillingWait,
    ControlChange,
    CreditNote,
    InvoiceMail,
    NumberGap,
    Payment,
)
from billing.receivables.crediting import request_credit
from contracts.enums import CustomFieldHome, CustomFieldType
from contracts.models import AuditSeal, CustomField
from crm_sync.enums import AlertKind, RunState
from crm_sync.models import (
    Alert,
    Authorisation,
    Backfill,
    BackfillDeal,
    Connection,
    CrmOrg,
    LooseGrant,
    RecentDeal,
    TieOut,
    Translation,
    WonDeal,
)
from fincelo.models import BackgroundWork, Heartbeat, InvariantCheck, InvariantResult, TaskHistory
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.documents.papers import picture
from tests.billing.people import person
from tests.crm_sync.admin_rows import fill
from tests.crm_sync.page_rows import NOON, ran

HUGE = 10**12
"""In cents, more than any invoice here has left."""


def a_row_of_everything() -> None:
    link = fill()
    clerk = User.objects.get(username="clerk")
    _billing(clerk)
    _contracts()
    _crm_sync(link, clerk)
    _fincelo()
    _refuse_emptying()


def _billing(clerk: User) -> None:
    """A payment taken back, a draft of a credit note above its invoice, a second contract, which waits."""
    entity = ensure_legal_entity()
    change_letterhead(
        legal_entity=entity, footer="Bank", logo=as_jpeg(picture()), removes_logo=False, actor=clerk
    )
    [waiting] = sign(Deal(customer="Waiting"))
    BillingWait.objects.update(contract=waiting)
    paid = Payment.objects.get()
    approver = person("clerk", group="Approver")
    note = request_credit(invoice=paid.invoice, amount=500, reason="Agreed", as_of=TODAY, actor=approver)
    _draft_above_its_invoice(note)
    Payment.objects.create(
        invoice=paid.invoice,
        currency=paid.currency,
        amount_minor=-paid.amount_minor,
        received_date=paid.received_date,
        reverses=paid,
        recorded_by=clerk,
    )
    InvoiceMail.objects.update(state="waiting", sent_at=None)
    NumberGap.objects.create(
        legal_entity=entity, kind=SeriesKind.INVOICE, year=2025, first=3, last=5, reason="Restored"
    )
    BankProfile.objects.create(
        name="Bank",
        header_key="k",
        encoding="utf-8",
        decimal_mark="point",
        day_order="year_first",
        chosen_by=clerk,
    )
    ControlChange.objects.create(kind=ControlKind.values[0], subject="s", sentence="X", requested_by=clerk)


def _draft_above_its_invoice(note: CreditNote) -> None:
    """A draft with a line, from an issued credit note."""
    [line] = note.lines.all()
    note.pk, note.state = None, CreditNoteState.DRAFT
    note.number = note.year = note.sequence = note.issue_date = None
    note.asked_minor = note.net_minor = note.total_minor = HUGE
    note.tax_minor = 0
    note.save(force_insert=True)
    line.pk, line.credit_note, line.amount_minor = None, note, HUGE
    line.save(force_insert=True)


def _contracts() -> None:
    for home in CustomFieldHome:
        CustomField.objects.create(home=home, label="Seats", type=CustomFieldType.NUMBER)
    AuditSeal.objects.create(system=1, from_xid=1, until_xid=2, entries=1, digest="0" * 64)


def _crm_sync(link: Connection, clerk: User) -> None:
    ran(link, state=RunState.RUNNING)
    preview = Backfill.objects.create(connection=link, import_from=TODAY, as_of=TODAY, digest="d")
    BackfillDeal.objects.create(backfill=preview, external_id="006A", outcome="created")
    Alert.objects.create(connection=link, kind=AlertKind.BROKEN, subject="Broken", body="Broken")
    Authorisation.objects.create(
        connection=link,
        user=clerk,
        session_digest="s",
        state_digest="s",
        expires_at=NOON + timedelta(minutes=5),
    )
    LooseGrant.objects.create(connection=link, given_digest="g")
    Translation.objects.create(connection=link, raw_value="Every month", value="monthly")
    WonDeal.objects.create(
        org=CrmOrg.objects.get(),
        external_id="006A",
        day=TODAY,
        currency="USD",
        value_minor=1,
        modified_at=NOON,
    )
    RecentDeal.objects.create(connection=link, external_id="006A", modified_at=NOON)
    TieOut.objects.create(month=date(2026, 11, 1))


def _fincelo() -> None:
    Heartbeat.objects.create(process=Heartbeat.WORKER, beat_at=Now())
    TaskHistory.objects.create(func="billing.tasks.bill")
    InvariantResult.objects.create(name="n", number="1", checked_at=Now(), milliseconds=1)
    InvariantCheck.objects.create(checked_at=Now())
    BackgroundWork.objects.create(task="t", subject="s", queue_id="q")
    FailedSignIn.objects.create(day=TODAY, name="n")
    FailedSignIn.objects.create(day=TODAY, name="n", address="203.0.113.9")


def _refuse_emptying() -> None:
    """As in production; the other tests run with these refusals switched off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'"
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
