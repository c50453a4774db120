"""Lifts the limits that wrong passwords have brought upon a name or an address."""

import ipaddress
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser, User
from django.db.models.functions import Now, TruncDay

from access import limits
from access.models import FailedSignIn
from contracts import audit

ONE_DAY = timedelta(days=1)


class UnableToUnlock(Exception):
    """There is no such user or address."""


def unlock(*, name: str, actor: AbstractBaseUser | None, reason: str = "") -> User:
    """The person may try again at once, from every address that tried the name since yesterday."""
    user = limits.named(name)
    if user is None:
        raise UnableToUnlock(f"There is no user {name!r}. The admin lists all under Users.")
    tried = FailedSignIn.objects.filter(user_id=user.pk, last_at__gte=TruncDay(Now()) - ONE_DAY)
    addresses = tried.order_by().values_list("address", flat=True).distinct()
    limits.lift(name=user.username, addresses=[address or "" for address in addresses])
    audit.record(actor=actor, action="Sign-in limit lifted", subject=user, reason=reason)
    return user


def unlock_address(*, address: str) -> None:
    """Whoever is there may try again at once; what counts for a name continues counting."""
    try:
        limits.lift_address(address=str(ipaddress.ip_address(address)))
    except ValueError:
        raise UnableToUnlock(f"{address!r} is not an address like 203.0.113.7.") from None
