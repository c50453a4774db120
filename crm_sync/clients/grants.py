"""Access that a CRM grants to an app of the customer's: the values that travel, and who gives and ends it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crm_sync.clients.http import Transport
from crm_sync.clients.protocol import CrmClient
from crm_sync.errors import ConfigError, TransientError


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKeys:
    """The app registered in the customer's org, and where its users sign in."""

    login_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token response. `refresh_token` is empty where the CRM keeps the old one.

    `is_signed`: the signature names these ids, or there is none.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    instance_url: str
    org_id: str
    user_id: str
    scopes: frozenset[str]
    is_signed: bool = True


class UnusableGrant(ConfigError):
    """A token answer that cannot be used. Its refresh token has taken the old one's place anyway."""

    def __init__(
        self, sentence: str, *, refresh_token: str, next_step: str, code: str, breaks: bool = False
    ) -> None:
        super().__init__(sentence, next_step=next_step, code=code, breaks=breaks)
        self.refresh_token = refresh_token


class RenewalUnderWay(TransientError):
    """The CRM is exchanging this refresh token already, for somebody else."""


class Authorise(Protocol):
    def __call__(
        self, *, login_url: str, client_id: str, redirect_uri: str, scopes: str, state: str
    ) -> tuple[str, str]: ...


class Exchange(Protocol):
    def __call__(
        self, *, transport: Transport, keys: AppKeys, code: str, verifier: str, redirect_uri: str
    ) -> Grant: ...


class Renew(Protocol):
    def __call__(self, *, transport: Transport, keys: AppKeys, refresh_token: str) -> Grant: ...


class Revoke(Protocol):
    def __call__(self, *, transport: Transport, login_url: str, refresh_token: str) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedAs:
    """What a new grant is served, and whose it is."""

    api_version: str
    connected_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPlace:
    """Where users sign in. Without an address they type their own."""

    key: str
    label: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownError:
    """An error that the CRM shows on its own pages, so that Fincelo never hears of it."""

    texts: tuple[str, ...]
    meaning: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFacts:
    """How a CRM grants access to an app and ends it again, and what the pages about that say."""

    authorise_url: Authorise
    exchange_code: Exchange
    renew: Renew
    revoke: Revoke
    opened_as: Callable[[CrmClient], OpenedAs]
    refusal_of: Callable[[str], ConfigError]
    """What an error code in the answer of the CRM's own page means."""
    scopes: Callable[[], str]
    """Those that are asked for, separated by blanks."""
    shown_scopes: Callable[[], Sequence[str]]
    """The same as the CRM's pages call them."""
    places: Sequence[SignInPlace]
    """The last one is the org's own address."""
    own_address: str
    """What the field for the org's own address is called."""
    example: str
    revoke_steps: str
    """How a person ends the access in the CRM."""
    shown_errors: Sequence[ShownError] = ()
