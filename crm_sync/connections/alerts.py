"""Mails on connections, holds and tie-out: written with what they tell, sent soon after, tried for a day."""

import logging
from datetime import UTC, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from contracts.staff_mails import send_to_staff
from crm_sync.connections.held_summary import summary_of
from crm_sync.enums import AlertKind
from crm_sync.models import Alert, Connection
from fincelo.recipients import NOBODY, people_to_tell
from fincelo.redaction import redact

GIVE_UP_AFTER = timedelta(days=1)
LONGEST_PAUSE_MINUTES = 60
SUBJECTS = {
    AlertKind.BROKEN: "{name} is broken: won deals are not imported",
    AlertKind.SILENT: "{name} has been silent for fifteen minutes",
    AlertKind.RECOVERED: "{name} works again",
    AlertKind.ASKS: "{name} has brought unusually much: billing waits for your answer",
    AlertKind.DATABASE: "the database stops all syncs",
    AlertKind.REFUSED: "{name}: the database refuses most deals",
}
BODIES = {
    AlertKind.BROKEN: (
        "{reason}\n\n"
        "Fincelo makes no further calls, and won deals are not imported, until somebody connects {name} "
        "again. What was imported is billed as planned.\n\n"
        "Reconnect: {url}#connect\n"
    ),
    AlertKind.SILENT: (
        "{name} has had no complete sync {since}. {reason}\n\n"
        "Won deals may be waiting. None is lost: the next sync continues where the last ended. If the page "
        "says nothing about {provider}, the worker or its scheduler is probably not running.\n\n"
        "See: {url}\n"
    ),
    AlertKind.ASKS: (
        "{name} has brought more new won deals within an hour, or more value at once, than usual. Their "
        "contracts are made. "
        "Nothing of them is billed until somebody has looked at them and started their billing.\n\n"
        "Look at them: {url}#start-billing\n"
    ),
    AlertKind.DATABASE: (
        "{reason}\n\n"
        "The sync of {name} was the first to meet it. Nothing was held for it and no deal is lost: when the "
        "database works again, the next sync reads on where the last one ended.\n\n"
        "See: {health}\n"
    ),
    AlertKind.REFUSED: (
        "{count:,} of {deals:,} deals of one page could not be stored: each breaks the rule {rule}. So many "
        "at once are hardly all wrong. They are held and tried again automatically. The worker's log names "
        "the table.\n\n"
        "See: {url}\n"
    ),
    AlertKind.RECOVERED: (
        "{name} works again. Won deals are imported as before, those of the meantime included.\n\n"
        "See: {url}\n"
    ),
}
log = logging.getLogger(__name__)
CURED = "Not sent: every deal it was about was cured before."


def alarm_refusals(*, connection_id: int, rule: str, count: int, deals: int) -> None:
    """Writes the mail on a rule that refuses most deals of a page, once a day for a connection."""
    told = Alert.objects.filter(
        connection_id=connection_id, kind=AlertKind.REFUSED, created_at__gt=Now() - timedelta(days=1)
    )
    if not told.exists():
        connection = Connection.objects.get(pk=connection_id)
        write_alert(connection=connection, kind=AlertKind.REFUSED, rule=rule, count=count, deals=deals)


def write_alert(*, connection: Connection, kind: AlertKind, **more: str | int) -> Alert:
    """Inside the caller's transaction: either both the change and its mail are there, or neither."""
    heard = connection.last_success_at
    words = {
        "name": " ".join(connection.name.split()),
        "reason": connection.state_reason or "",
        "provider": connection.get_provider_display(),
        "since": f"since {heard.astimezone(UTC):%Y-%m-%d, %H:%M} UTC" if heard else "yet",
        "url": f"{settings.PUBLIC_URL}{connection.get_absolute_url()}",
        "health": f"{settings.PUBLIC_URL}{reverse('health')}",
        **more,
    }
    return Alert.objects.create(
        connection=connection,
        kind=kind,
        subject=f"Fincelo: {SUBJECTS[kind].format(**words)}"[:200],
        body=BODIES[kind].format(**words).replace(". \n", ".\n"),
    )


def send_alerts() -> int:
    """Sends what waits, each alert as one mail. What cannot be sent is tried again, later and later."""
    sent = 0
    while alert := claim():
        sent += deliver(alert)
    return sent


def claim() -> Alert | None:
    """The next alert, which no other process takes meanwhile: its next try has moved on."""
    with transaction.atomic():
        waiting = Alert.objects.filter(
            sent_at=None, next_try_at__lte=Now(), created_at__gt=Now() - GIVE_UP_AFTER
        )
        alert = waiting.select_for_update(skip_locked=True).order_by("id").first()
        if alert is None:
            return None
        pause = timedelta(minutes=min(2**alert.tries, LONGEST_PAUSE_MINUTES))
        Alert.objects.filter(pk=alert.pk).update(tries=alert.tries + 1, next_try_at=Now() + pause)
        return alert


def deliver(alert: Alert) -> bool:
    """A process that dies between sending and noting it sends again, under the same message id."""
    addresses = [alert.recipient] if alert.recipient else people_to_tell()
    if alert.kind == AlertKind.HELD and alert.connection and not alert.recipient:
        alert.subject, alert.body = summary_of(alert.connection)
        if not alert.body:
            Alert.objects.filter(pk=alert.pk).update(sent_at=Now(), error=CURED)
            return False
    try:
        if not addresses:
            raise LookupError(NOBODY)
        headers = {"Message-ID": f"<alert-{alert.pk}-{alert.created_at:%Y%m%d%H%M%S}@fincelo>"}
        send_to_staff(subject=alert.subject, paragraphs=[alert.body], to=addresses, headers=headers)
    except (OSError, ValueError, LookupError) as error:  # SMTP's errors are OSErrors
        log.warning("The mail %r was not sent: %s", alert.subject, redact(str(error)))
        Alert.objects.filter(pk=alert.pk).update(error=redact(f"{type(error).__name__}: {error}"))
        return False
    Alert.objects.filter(pk=alert.pk).update(sent_at=Now(), error="")
    return True
