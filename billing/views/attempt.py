"""Does what a person asked for, and says how it went."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.forms import BaseForm
from django.http import HttpRequest

from billing.issuing.approving import UnableToApprove
from billing.issuing.controls import UnableToConfirm
from billing.issuing.numbering import UnableToIssueInvoice
from billing.issuing.policy import PeriodLocked
from billing.issuing.restoring import UnableToContinue
from billing.mailing.bouncing import UnableToMarkBounced
from billing.mailing.outbox import UnableToSend
from billing.receivables.crediting import UnableToCredit
from billing.receivables.paying import UnableToRecordPayment
from billing.receivables.voiding import UnableToVoid
from billing.schedules.activation import UnableToCatchUp
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
    UnableToCatchUp,
    UnableToIssueInvoice,
    UnableToMarkBounced,
    UnableToRecordPayment,
    UnableToSend,
    UnableToVoid,
)


def attempt(
    request: HttpRequest,
    work: Callable[[], object],
    *,
    form: BaseForm | None = None,
    fields: Mapping[type[Exception], str] = MappingProxyType({}),
) -> bool:
    """False where it was refused. The sentence is on the next page, or in the form that it was sent with.

    `fields`: the field of the form that a kind of refusal is about.
    """
    try:
        work()
    except REFUSALS as refusal:
        mark_refused(request)
        if form is None:
            messages.error(request, str(refusal))
        else:
            about = next((fields[kind] for kind in type(refusal).__mro__ if kind in fields), None)
            form.add_error(about, str(refusal))
        return False
    return True


def actor_of(request: HttpRequest) -> AbstractBaseUser:
    assert request.user.is_authenticated  # a permission was asked for
    return request.user
