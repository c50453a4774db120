"""How billing is, for the health page and for monitors."""

from datetime import timedelta

from django.db.models import Count
from django.db.models.functions import Now
from django.urls import reverse

from billing.enums import BillingRunState, BillingTrigger, MailState, RestoreSign
from billing.issuing.restoring import restore_sign
from billing.models import BillingRun, InvoiceMail
from contracts.money import Money
from contracts.writing import write_day, write_money
from fincelo.health import Part, Trouble

LATE_AFTER = timedelta(hours=3)
SENDING_AFTER = timedelta(hours=1)


def billing() -> Part:
    runs = BillingRun.objects.exclude(trigger=BillingTrigger.APPROVAL).order_by("-pk")
    last = runs.first()
    if last is None:
        return Part(name="billing", label="Billing", told="No run yet. The worker starts one every hour.")
    day = write_day(last.as_of)
    told = f"The run as of {day} issued {last.issued:,} and left {last.drafted:,} for approval."
    at = last.finished_at or last.started_at
    parked = BillingRun.objects.filter(state=BillingRunState.PARKED).order_by("pk")
    troubles = [_parked(run) for run in parked]
    state = "parked" if troubles else "ok"
    if not runs.filter(started_at__gt=Now() - LATE_AFTER).exists():
        state, troubles = "late", [_LATE, *troubles]
    if last.state == BillingRunState.FAILED:
        state, troubles = "failed", [_failed(last), *troubles]
    elif last.failed:
        state, troubles = "failing", [_refused(last), *troubles]
    if sign := restore_sign():
        state, troubles = "restored", [_restored(sign), *troubles]
    return Part(name="billing", label="Billing", state=state, told=told, at=at, troubles=troubles)


def _restored(sign: RestoreSign) -> Trouble:
    return Trouble(
        what=sign.label,
        why="Nothing is issued or mailed, so that no number is given twice.",
        label="Compare the numbers",
        url=reverse("restored"),
    )


_LATE = Trouble(
    what="The Smart Billing Agent has not run for three hours.",
    why="What is due is not billed until it does. Nothing is lost: the next run bills all of it.",
    cure="Restart the worker, or run manage.py run_billing.",
)


def _parked(run: BillingRun) -> Trouble:
    amounts = ", ".join(
        write_money(Money(minor=part["minor"], currency=part["currency"])) for part in run.parked
    )
    return Trouble(
        what=f"The billing run of {write_day(run.as_of)} parked invoices of {amounts}.",
        why="That is more than three times the usual. None of it is billed until someone decides.",
        label="Decide",
        url=reverse("approvals"),
    )


def _failed(run: BillingRun) -> Trouble:
    sentences = [problem["sentence"] for problem in run.problems if "contract" not in problem]
    return Trouble(
        what=f"The last billing run failed. {' '.join(sentences[:1])}".strip(),
        why="What is due stays due until a run goes through.",
        cure="Do what the sentence says; the next run comes within the hour. The worker's log has more.",
    )


def _refused(run: BillingRun) -> Trouble:
    named = [
        f"{problem['contract']}: {problem['sentence']}" for problem in run.problems if "contract" in problem
    ]
    return Trouble(
        what=f"{run.failed:,} contracts could not be billed. {' '.join(named[:1])}".strip(),
        why="Each is tried again by every run, and bills nothing until then.",
        label="See the contracts",
        url=reverse("contracts"),
    )


def mail() -> Part:
    counts = dict(
        InvoiceMail.objects.filter(state__in=_OPEN).values_list("state").annotate(number=Count("pk"))
    )
    waiting = counts.get(MailState.WAITING, 0) + counts.get(MailState.SENDING, 0)
    failed = counts.get(MailState.FAILED, 0)
    old = InvoiceMail.objects.filter(
        state__in=[MailState.WAITING, MailState.SENDING], next_try_at__lt=Now() - SENDING_AFTER
    ).exists()
    troubles = []
    if failed:
        troubles.append(
            Trouble(
                what=f"{failed:,} {'mail' if failed == 1 else 'mails'} could not be delivered.",
                why="The customer does not have the invoice, and it is not counted as sent.",
                label="See them",
                url=f"{reverse('mails')}?state=failed",
            )
        )
    if old:
        troubles.append(
            Trouble(
                what="Mails wait for more than an hour.",
                why="Customers get their invoices late, and pay late.",
                cure="See that the worker runs and that the mail server of EMAIL_URL answers.",
            )
        )
    return Part(
        name="mail",
        label="Mail",
        state="failing" if failed else "late" if old else "ok",
        told=(
            f"{waiting:,} wait to be sent, {failed:,} failed, "
            f"{counts.get(MailState.NO_ADDRESS, 0):,} have no address."
        ),
        url=reverse("mails"),
        troubles=troubles,
    )


_OPEN = (MailState.WAITING, MailState.SENDING, MailState.FAILED, MailState.NO_ADDRESS)
