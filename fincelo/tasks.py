"""What the worker does for the workspace as a whole."""

from datetime import timedelta

from django.utils import timezone

from fincelo import checking

NIGHT = 2
"""The hour, in UTC, after which a night's check is due."""


def check_at_night() -> None:
    """Every hour: the check of this night, once, and the mail on what was found and is not told yet."""
    now = timezone.now()
    night = now.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    if night > now:
        night -= timedelta(days=1)
    if checking.is_due(since=night):
        checking.check()
    checking.tell()
