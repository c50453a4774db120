"""Salesforce access that Fincelo still has to end, or that a person ends at Salesforce."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from contracts.writing import write_moment
from crm_sync.connections.revoking import UnableToSettle, settle_by_person
from crm_sync.enums import GrantPurpose
from crm_sync.models import LooseGrant
from crm_sync.views.access import CHANGE_CONNECTIONS, needs, signed_in

SHOWN = 20
SALESFORCE_STEPS = (
    "In Salesforce, open Setup, Connected Apps OAuth Usage and the app, and revoke what its user got then."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGrant:
    """One access as the pages tell of it; `key` is None while Fincelo is still at it."""

    what: str
    why: str
    key: int | None


def shown_grants(*, of: Q) -> Sequence[ShownGrant]:
    """What is not yet ended at Salesforce and no connection uses, the oldest first."""
    rows = LooseGrant.objects.filter(of).only("purpose", "login_url", "created_at", "due_at", "tries")
    waits_for_file = Q(purpose=GrantPurpose.WAITS) & ~Q(given_digest="")
    told = rows.filter(waits_for_file | Q(purpose=GrantPurpose.LEFT) | Q(purpose="ends", tries__gt=0))
    return [_shown(row) for row in told.order_by("pk")[:SHOWN]]


def _shown(row: LooseGrant) -> ShownGrant:
    access = f"Access to {row.login_url} of {_moment(row.created_at)}"
    if row.purpose == GrantPurpose.LEFT:
        return ShownGrant(
            what=f"{access} may still be open at Salesforce, and Fincelo cannot end it.",
            why=f"{SALESFORCE_STEPS} Then say so here.",
            key=row.pk,
        )
    if row.purpose == GrantPurpose.ENDS:
        return ShownGrant(
            what=f"{access} is not ended yet: Salesforce has not confirmed it.",
            why=(
                f"Fincelo tries again by itself, next on {_moment(row.due_at)}, for a week in all. After "
                "that this page says what a person does at Salesforce."
            ),
            key=None,
        )
    return ShownGrant(
        what=f"{access} waits: the connect that it was given for has failed.",
        why=(
            "Run connect_crm again with the same file. If nobody does, Fincelo revokes it on "
            f"{_moment(row.due_at)}."
        ),
        key=None,
    )


def _moment(at: datetime) -> str:
    return write_moment(timezone.localtime(at))


@require_POST
@needs(CHANGE_CONNECTIONS)
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """A person has ended it at Salesforce."""
    row = get_object_or_404(LooseGrant.objects.only("pk", "login_url", "created_at", "connection_id"), pk=pk)
    try:
        settle_by_person(row=row, actor=signed_in(request))
    except UnableToSettle as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Noted. Fincelo does not name this access any more.")
    return redirect("connection", pk=row.connection_id) if row.connection_id else redirect("connections")
