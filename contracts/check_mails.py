"""Tells people by mail what the last check of the invariants has found new."""

import logging
from collections.abc import Sequence

from django.conf import settings

from contracts.staff_mails import send_to_staff
from fincelo.checking import lines_of
from fincelo.models import InvariantCheck
from fincelo.recipients import NOBODY, people_to_tell
from fincelo.redaction import redact

BODY = (
    "Fincelo checks every night that what is stored is right as a whole. It found something that it had not "
    "told of before:\n\n{lines}\n\n"
    "{violations} in all. Each line says what to do. Check again with `manage.py check_invariants`.\n\n"
    "{url}\n"
)
log = logging.getLogger(__name__)


def tell() -> bool:
    """Mails what the last check has found and nobody was told of. What cannot be sent is tried again.

    A process that dies between sending and noting it sends again.
    """
    last = InvariantCheck.objects.first()
    if last is None:
        return False
    lines = lines_of(last.found)
    news = [line for line in lines if line not in last.told]
    if news and not _sent(news, violations=last.violations):
        return False
    if lines != last.told:
        InvariantCheck.objects.filter(pk=last.pk).update(told=lines)
    return bool(news)


def _sent(news: Sequence[str], *, violations: int) -> bool:
    count = "1 violation" if violations == 1 else f"{violations:,} violations"
    subject = f"Fincelo: what is stored breaks its rules, {count}"
    body = BODY.format(lines="\n".join(news), violations=count, url=settings.PUBLIC_URL)
    addresses = people_to_tell()
    try:
        if not addresses:
            raise LookupError(NOBODY)
        send_to_staff(subject=subject, paragraphs=[body], to=addresses)
    except (OSError, ValueError, LookupError) as error:  # SMTP's errors are OSErrors
        log.warning("The mail %r was not sent: %s", subject, redact(str(error)))
        return False
    return True
