"""Does what a person asked for, and says how it went."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from billing.activation import UnableToDecide
from billing.approving import UnableToApprove
from billing.controls import UnableToConfirm
from billing.crediting import UnableToCredit
from billing.mailing.bouncing import UnableToMarkBounced
from billing.mailing.outbox import UnableToSend
from billing.numbering import UnableToIssueInvoice
from billing.paying import UnableToRecordPayment
from billing.policy import PeriodLocked
from billing.restoring import UnableToContinue
from billing.voiding import UnableToVoid
from contracts.particulars import NothingToTakeBack
from fincelo.once import mark_refused
from fincelo.role_age import RoleIsNew

REFUSALS = (
    NothingToTakeBack,
    PeriodLocked,
    RoleIsNew,
    UnableToApprove,
    UnableToConfirm,
    UnableToContinue,
    UnableToCredit,
    UnableToDecide,
    UnableToIssueInvoice,
    UnableToMarkBounced,
    UnableToRecordPayment,
    UnableToSend,
    UnableToVoid,
)


def attempt(request: HttpRequest, work: Callable[[], object]) -> bool:
    """False where it was refused; the sentence is on the next page."""
    try:
        work()
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
        mark_refused(request)
        return False
    return True


def is_filled(request: HttpRequest, form: forms.BaseForm) -> bool:
    """False where something is missing or wrong; the next page names the field."""
    if form.is_valid():
        return True
    mark_refused(request)
    for name, errors in form.errors.items():
        label = form.fields[name].label or name.replace("_", " ").capitalize() if name in form.fields else ""
        messages.error(
            request, f"{label}: {' '.join(map(str, errors))}" if label else " ".join(map(str, errors))
        )
    return False


def actor_of(request: HttpRequest) -> AbstractBaseUser:
    assert request.user.is_authenticated  # a permission was asked for
    return request.user
