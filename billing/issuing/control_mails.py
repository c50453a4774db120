"""Tells every approver by mail when bank details on documents are asked for, confirmed or changed.

Whoever changes where customers pay should not be the only one who knows. What could not be sent is tried
again for a week.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.urls import reverse

from billing.enums import ControlKind, ControlOutcome
from billing.models import ControlChange
from contracts.staff_mails import Theirs, send_to_staff
from fincelo.redaction import redact

APPROVES = "billing.change_billingpolicy"
TRIED_FOR = timedelta(days=7)
LABELS = {"footer": "Footer", "legal_info": "Legal info", "logo": "Logo"}
WORDS = {
    ControlOutcome.CONFIRMED: "{who} has confirmed them. Documents carry them from the day after on.",
    ControlOutcome.WITHDRAWN: "{who} has withdrawn the request. Documents stay as they are.",
    ControlOutcome.ALONE: "{who} has changed them alone, before the first invoice was issued.",
}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part of the documents, as it is and as it is asked for."""

    label: str
    before: str
    after: str


def differences(change: ControlChange) -> Sequence[Difference]:
    """What a request for other bank details changes; empty for requests of another kind."""
    if change.kind != ControlKind.LETTERHEAD:
        return ()
    asked = change.payload
    before, after = asked.get("before", {}), asked.get("after") or {"footer": asked.get("footer", "")}
    return [
        Difference(label=label, before=_shown(name, before), after=_shown(name, after))
        for name, label in LABELS.items()
        if name in after and before.get(name) != after[name]
    ]


def tell_approvers() -> None:
    """Sends what is due. No mail is sent in a transaction."""
    recent = ControlChange.objects.filter(kind=ControlKind.LETTERHEAD, requested_at__gt=Now() - TRIED_FOR)
    recent = recent.select_related("requested_by", "decided_by").order_by("pk")
    for change in recent.filter(request_told_at=None):
        if _sent(change, what=f"{change.requested_by.get_username()} asks for other bank details."):
            ControlChange.objects.filter(pk=change.pk).update(request_told_at=Now())
    for change in recent.filter(decision_told_at=None).exclude(outcome=ControlOutcome.OPEN):
        who = change.decided_by.get_username() if change.decided_by else "Somebody"
        if _sent(change, what=WORDS[ControlOutcome(change.outcome)].format(who=who)):
            ControlChange.objects.filter(pk=change.pk).update(decision_told_at=Now())


def approvers() -> list[str]:
    """The addresses of all who may confirm."""
    people = User.objects.with_perm(APPROVES, backend=settings.AUTHENTICATION_BACKENDS[0])
    return sorted({person.email for person in people if person.email})


def _sent(change: ControlChange, *, what: str) -> bool:
    to = approvers()
    if not to:
        log.warning("Nobody who may confirm bank details has an e-mail address; nobody was told of them.")
        return True
    try:
        send_to_staff(
            subject="Fincelo: bank details on documents", paragraphs=[*_body(change, what=what)], bcc=to
        )
    except (OSError, ValueError) as error:  # SMTP's errors are OSErrors
        log.warning("The mail on bank details was not sent: %s", redact(str(error)))
        return False
    return True


def _body(change: ControlChange, *, what: str) -> Iterator[str]:
    asked_at = f"{change.requested_at.astimezone(UTC):%Y-%m-%d, %H:%M} UTC"
    yield what
    yield from _lines(change)
    yield f"Asked for by {change.requested_by.get_username()}, {asked_at}."
    yield "If you do not expect this, withdraw it and ask that person by telephone."
    yield f"{settings.PUBLIC_URL}{reverse('approvals')}"


def _lines(change: ControlChange) -> Iterator[str]:
    for one in differences(change):
        yield Theirs(f"{one.label}, until now:\n{one.before}")
        yield Theirs(f"{one.label}, from then on:\n{one.after}")


def _shown(name: str, look: dict[str, str]) -> str:
    value = look.get(name, "")
    if name == "logo":
        return f"the picture {value[:12]}" if value else "no logo"
    return value or "nothing"
