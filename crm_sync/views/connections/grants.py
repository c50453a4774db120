"""Access to a CRM that Fincelo still has to end, or that a person ends there."""

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
from crm_sync.clients.registry import facts_of
from crm_sync.connections.credentials import grants_of
from crm_sync.connections.revoking import UnableToSettle, settle_by_person
from crm_sync.enums import GrantPurpose
from crm_sync.models import LooseGrant
from crm_sync.views.access import CHANGE_CONNECTIONS, needs, signed_in

SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGrant:
    """One access as the pages tell of it; `key` is None while Fincelo is still at it."""

    crm: str
    what: str
    why: str
    key: int | None


def shown_grants(*, of: Q) -> Sequence[ShownGrant]:
    """What is not yet ended at its CRM and no connection uses, the oldest first."""
    shown = ("provider", "purpose", "login_url", "created_at", "due_at", "tries")
    rows = LooseGrant.objects.filter(of).only(*shown)
    waits_for_file = Q(purpose=GrantPurpose.WAITS) & ~Q(given_digest="")
    told = rows.filter(waits_for_file | Q(purpose=GrantPurpose.LEFT) | Q(purpose="ends", tries__gt=0))
    return [_shown(row) for row in told.order_by("pk")[:SHOWN]]


def _shown(row: LooseGrant) -> ShownGrant:
    crm = facts_of(row.provider)
    access = f"Access to {row.login_url} of {_moment(row.created_at)}"
    if row.purpose == GrantPurpose.LEFT:
        return ShownGrant(
            crm=crm.name,
            what=f"{access} may still be open at {crm.name}, and Fincelo cannot end it.",
            why=f"{grants_of(crm.key).revoke_steps} Then say so here.",
            key=row.pk,
        )
    if row.purpose == GrantPurpose.ENDS:
        return ShownGrant(
            crm=crm.name,
            what=f"{access} is not ended yet: {crm.name} has not confirmed it.",
            why=(
                f"Fincelo tries again automatically, next on {_moment(row.due_at)}, for a week in all. After "
                f"that this page says what a person does at {crm.name}."
            ),
            key=None,
        )
    return ShownGrant(
        crm=crm.name,
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
    """A person has ended it in the CRM."""
    row = get_object_or_404(LooseGrant.objects.only("pk", "login_url", "created_at", "connection_id"), pk=pk)
    try:
        settle_by_person(row=row, actor=signed_in(request))
    except UnableToSettle as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Noted. Fincelo does not name this access any more.")
    return redirect("connection", pk=row.connection_id) if row.connection_id else redirect("connections")
