"""How often a password may be guessed.

Each wrong password counts for the name at its address, for the address, and for the name. The first is the
tightest, so that a guesser shuts out himself and not the owner of the name, who signs in from elsewhere. The
waits grow: five wrong ones cost five minutes, ten an hour, twenty a day.
"""

import unicodedata
from dataclasses import dataclass

from allauth.account.internal.userkit import get_user_by_username
from allauth.core.internal import ratelimit
from allauth.core.internal.ratelimit import RateLimitUsage
from django.contrib.auth.models import User
from django.http import HttpRequest

APP = "access"
PLACE, ADDRESS, NAME = "place", "address", "name"
RATES = {
    PLACE: "5/300s/key,10/h/key,20/d/key",
    ADDRESS: "20/m/key,100/h/key",
    NAME: "50/h/key,200/d/key",
}
"""In the order in which they are asked: a guess that is refused by one is not counted by the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A password was entered for this name at this address."""

    name: str
    address: str

    @property
    def keys(self) -> dict[str, str]:
        address = ratelimit.truncate_ip(self.address)
        name = counted_name(self.name)
        return {PLACE: f"{name} {address}", ADDRESS: address, NAME: name}


def named(name: str) -> User | None:
    """The user who is meant, by the rule of the sign-in: capitals make no difference."""
    user = get_user_by_username(name.strip())
    return user if isinstance(user, User) else None


def counted_name(name: str) -> str:
    """All spellings of a user's name count as one, those of no user as what was typed."""
    user = named(name)
    return f"user {user.pk}" if user else f"name {unicodedata.normalize('NFKC', name).strip().casefold()}"


def take(*, guess: Guess, request: HttpRequest) -> list[RateLimitUsage] | None:
    """Counts a guess before it is weighed, so that parallel ones cannot pass together. None: refuse it."""
    taken = []
    for action, key in guess.keys.items():
        usage = ratelimit.consume(request, app=APP, action=action, config=RATES, key=key)
        if usage is None:
            return None
        taken.append(usage)
    return taken


def give_back(taken: list[RateLimitUsage]) -> None:
    """The password was right: nothing is counted."""
    for usage in taken:
        usage.rollback()


def lift(*, name: str, addresses: list[str]) -> None:
    """The name may be tried again at once, from these addresses as well."""
    request = HttpRequest()  # no rate of ours reads it
    for address in addresses:
        key = Guess(name=name, address=address).keys[PLACE]
        ratelimit.clear(request, app=APP, action=PLACE, config=RATES, key=key)
    ratelimit.clear(request, app=APP, action=NAME, config=RATES, key=counted_name(name))


def lift_address(*, address: str) -> None:
    """Whoever is at this address may try again at once, under whatever name."""
    key = ratelimit.truncate_ip(address)
    ratelimit.clear(HttpRequest(), app=APP, action=ADDRESS, config=RATES, key=key)
