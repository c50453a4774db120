"""Since when a person has a right: whoever has it for less than a day confirms nothing with it.

Somebody who makes a second account, or gives a role to a friend, could otherwise confirm his own requests at
once. The database itself notes each role, right and superuser that is given, whoever gives it and by whatever
way (`RoleGrant`).
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.db.models import Q
from django.db.models.functions import Now

from fincelo.models import RoleGrant


class RoleIsNew(Exception):
    """The person has the right for less than a day, so the decision waits."""


def ensure_settled(*, actor: AbstractBaseUser, right: str, works_since: datetime | None) -> None:
    """Raises RoleIsNew with a sentence that says from when on the person may decide.

    `works_since`: when the workspace issued its first invoice. What was given before that is part of its
    set-up and holds at once; None: it has issued none.
    """
    if works_since is None:
        return
    until = settled_at(actor=actor, right=right, works_since=works_since)
    if until is not None:
        raise RoleIsNew(
            "You have had this right for less than a day, so you cannot decide this yet. Wait until "
            f"{until.astimezone(UTC):%Y-%m-%d, %H:%M} UTC, or ask somebody who has had it for longer."
        )


def settled_at(*, actor: AbstractBaseUser, right: str, works_since: datetime) -> datetime | None:
    """When the newest grant that the right may hang on is old enough; None when all of them are."""
    wait: timedelta = settings.NEW_ROLE_WAITS
    codename = right.partition(".")[2]
    roles = User.objects.get(pk=actor.pk).groups.values("name")
    own = Q(user_id=actor.pk) & (Q(role__in=roles) | Q(role="", right__in=["", codename]))
    of_role = Q(user_id=None, role__in=roles, right=codename)
    newest = (
        RoleGrant.objects.filter(own | of_role, given_at__gt=Now() - wait)
        .filter(given_at__gt=works_since)
        .order_by("-given_at")
        .first()
    )
    return newest.given_at + wait if newest else None
