"""The outbox: which mail waits, which is under way, and what became of it.

A mail is claimed before it is sent and marked afterwards, each in a transaction of its own. A process that
dies between leaves it claimed: it is sent again later, under the same message id. That the first try may have
reached the customer is remembered. The document is never issued again. A credit note waits until its invoice
was mailed, so that the customer's books have the pair.
"""

from datetime import timedelta
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from billing.enums import CreditNoteState, InvoiceState, MailState
from billing.models import CreditNote, Invoice, InvoiceMail, Mailing
from contracts import audit
from contracts.models import Customer
from contracts.transactions import run_durably
from fincelo.database_errors import rule_of

MOST_TRIES = 12
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=6)
UNFINISHED = "An earlier attempt did not finish."
REVIVABLE = (MailState.BY_HAND, MailState.NO_ADDRESS, MailState.WAITING, MailState.FAILED)
UNDER_WAY = (MailState.WAITING, MailState.SENDING)
OPEN_ONCE = ("one_open_mail_per_invoice", "one_open_mail_per_credit_note")
UNMAILABLE = (InvoiceState.DRAFT, InvoiceState.VOID)


class UnableToSend(Exception):
    """The document cannot be mailed now."""


def claim() -> InvoiceMail | None:
    """The next mail to be sent, which no other process takes meanwhile. One tried often enough has failed."""
    with transaction.atomic():
        due = InvoiceMail.objects.filter(
            Q(credit_note=None) | Q(invoice__sent_at__isnull=False),
            state__in=UNDER_WAY,
            next_try_at__lte=Now(),
        ).select_for_update(skip_locked=True, of=("self",))
        while mail := due.order_by("next_try_at", "id").first():
            if mail.tries < MOST_TRIES:
                pause = min(FIRST_PAUSE * 2**mail.tries, LONGEST_PAUSE)
                InvoiceMail.objects.filter(pk=mail.pk).update(
                    state=MailState.SENDING,
                    tries=F("tries") + 1,
                    next_try_at=Now() + pause,
                    problem=_problem_so_far(mail),
                    may_have_left=_may_have_left(mail),
                )
                return mail
            InvoiceMail.objects.filter(pk=mail.pk).update(
                state=MailState.FAILED,
                problem=_problem_so_far(mail),
                may_have_left=_may_have_left(mail),
            )
        return None


def accepted(*, mail: InvoiceMail, recipient: str) -> None:
    """The mail server has it. Tried again while others hold the invoice: unnoted, it would go out twice."""
    run_durably(partial(_note_accepted, mail=mail, recipient=recipient))


def _note_accepted(*, mail: InvoiceMail, recipient: str) -> None:
    """The invoice notes when it first left; its state follows from that automatically.

    Invoices are locked before their mails, here as everywhere. A bounce may have been faster.
    """
    invoice = lock_invoice(mail.invoice_id)
    marked = (
        InvoiceMail.objects.filter(pk=mail.pk)
        .exclude(state__in=[MailState.SENT, MailState.BOUNCED])
        .update(state=MailState.SENT, sent_at=Now(), recipient=recipient, problem="")
    )
    if not marked:
        return
    if mail.credit_note_id is None and invoice.sent_at is None:
        Invoice.objects.filter(pk=invoice.pk).update(sent_at=Now())
    document = mail.credit_note or invoice
    audit.record(
        actor=mail.requested_by,
        action="Mailed",
        subject=document,
        before={"state": document.state},
        after={"state": state_now(document), "mailed_to": recipient},
    )


def put_back(
    *, mail: InvoiceMail, state: MailState, recipient: str, problem: str, broke_off: bool = False
) -> None:
    """It was not sent: it waits, or ends there, and says why. `broke_off`: nobody knows whether it was."""
    InvoiceMail.objects.filter(pk=mail.pk, state=MailState.SENDING).update(
        state=state,
        recipient=recipient,
        problem=problem,
        may_have_left=True if broke_off else F("may_have_left"),
    )


def withdraw(*, invoice: Invoice) -> None:
    """Before an invoice becomes void, in the same transaction: what is not sent yet never will be.

    Refused once a mail may have reached the customer, who then holds an invoice.
    """
    InvoiceMail.objects.filter(
        invoice=invoice, state__in=[MailState.BY_HAND, MailState.NO_ADDRESS, MailState.WAITING]
    ).update(state=MailState.WITHDRAWN)
    mails = InvoiceMail.objects.filter(invoice=invoice)
    if mails.filter(may_have_left=True).exists():
        raise UnableToSend(
            f"A try to mail {invoice} broke off, so the customer may have it. Write a credit note instead."
        )
    if mails.filter(state=MailState.SENDING).exists():
        raise UnableToSend(f"{invoice} is being mailed just now. Look again in some minutes.")


def request_mail(*, document: Invoice | CreditNote, actor: AbstractBaseUser) -> None:
    """A person sends, or sends again. After an accepted mail it is a new one; otherwise it is the same.

    A credit note takes its invoice along where that was never mailed.
    """
    note = document if isinstance(document, CreditNote) else None
    try:
        with transaction.atomic():
            invoice = lock_invoice(note.invoice_id if note else document.pk)
            _ensure_mailable(note or invoice)
            if not invoice.customer.billing_email:
                raise UnableToSend(
                    f"{invoice.customer} has no billing e-mail. Enter it on the customer's page."
                )
            if note and invoice.sent_at is None and not _is_under_way(invoice):
                _request(invoice=invoice, note=None, actor=actor)
            _request(invoice=invoice, note=note, actor=actor)
    except IntegrityError as error:
        if rule_of(error) not in OPEN_ONCE:
            raise
        raise UnableToSend(f"{document} is being mailed already.") from error


def release_all(*, actor: AbstractBaseUser) -> int:
    """Sends everything that waits for somebody to send it."""
    with transaction.atomic():
        count = _move("by_hand", "CASE WHEN customer.billing_email = '' THEN 'no_address' ELSE 'waiting' END")
        audit.record(
            actor=actor,
            action="Waiting mails sent",
            subject=Mailing.objects.get_or_create(defaults={"automatic": False})[0],
            after={"mails": count},
        )
        return count


def unaddressed(*, customer: Customer) -> QuerySet[InvoiceMail]:
    """Mails of the customer's documents that were not sent, because it had no address."""
    return InvoiceMail.objects.filter(state=MailState.NO_ADDRESS, invoice__customer=customer)


def release_addressed(*, customer: Customer, actor: AbstractBaseUser) -> int:
    """Sends what waits for an address of this customer, because somebody asked for it; how many mails."""
    with transaction.atomic():
        locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        if not locked.billing_email:
            raise UnableToSend(f"{locked} has no billing e-mail. Enter it, then send.")
        count = unaddressed(customer=locked).update(
            state=MailState.WAITING, tries=0, next_try_at=Now(), problem="", requested_by=actor.pk
        )
        if not count:
            raise UnableToSend(f"No mail to {locked} waits for an address any more.")
        audit.record(
            actor=actor,
            action="Mails that waited for an address sent",
            subject=locked,
            after={"mails": count, "recipient": locked.billing_email},
        )
        return count


def _may_have_left(mail: InvoiceMail) -> bool:
    return mail.may_have_left or mail.state == MailState.SENDING


def _problem_so_far(mail: InvoiceMail) -> str:
    return UNFINISHED if mail.state == MailState.SENDING else mail.problem


def lock_invoice(pk: int) -> Invoice:
    """Whatever becomes of an invoice's mails, one decides it at a time."""
    return Invoice.objects.select_for_update(no_key=True, of=("self",)).get(pk=pk)


def state_now(document: Invoice | CreditNote) -> str:
    """The database itself derives an invoice's state."""
    return str(type(document).objects.values_list("state", flat=True).get(pk=document.pk))


def _ensure_mailable(document: Invoice | CreditNote) -> None:
    if document.state in (*UNMAILABLE, CreditNoteState.DRAFT):
        raise UnableToSend(f"{document} is {document.get_state_display().lower()} and is not mailed.")


def _is_under_way(invoice: Invoice) -> bool:
    return InvoiceMail.objects.filter(invoice=invoice, credit_note=None, state__in=UNDER_WAY).exists()


def _request(*, invoice: Invoice, note: CreditNote | None, actor: AbstractBaseUser) -> None:
    revived = InvoiceMail.objects.filter(invoice=invoice, credit_note=note, state__in=REVIVABLE).update(
        state=MailState.WAITING, tries=0, next_try_at=Now(), problem="", requested_by=actor.pk
    )
    if not revived:
        InvoiceMail.objects.create(
            invoice=invoice, credit_note=note, state=MailState.WAITING, requested_by_id=actor.pk
        )
    audit.record(
        actor=actor,
        action="Mail requested",
        subject=note or invoice,
        after={"recipient": invoice.customer.billing_email},
    )


def _move(state: str, becomes: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE billing_invoicemail mail
            SET state = {becomes}, tries = 0, next_try_at = now(), problem = ''
            FROM billing_invoice invoice
            JOIN contracts_customer customer ON customer.id = invoice.customer_id
            WHERE mail.state = %s AND invoice.id = mail.invoice_id
            """,  # noqa: S608  constants
            [state],
        )
        taken: int = cursor.rowcount
        return taken
