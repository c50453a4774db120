"""What must be right before a server or worker starts; `manage.py check` lists what is not, with the cure."""

import ipaddress
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections
from django.urls import get_resolver

from fincelo import closed_triggers, database_rights
from fincelo.queue_packages import missing
from fincelo.randomness import looks_random
from fincelo.rights import rights_of, views

OLDEST_POSTGRES = 15
OPEN_TRIGGERS = "fincelo.E023"
EMBEDDED = "fincelo.embedded_backend"
EXAMPLES = ("django-insecure-", "change-me", "changeme", "example", "secret-key")
CACHES_WITHOUT_PICKLES = (
    "django.core.cache.backends.locmem.",  # pickles for itself, in this process
    "django.core.cache.backends.dummy.",
    "fincelo.",
)
HOW_TO_MAKE = "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'."
FOR_DEVELOPMENT = "For development, FINCELO_DEV=true makes it once and keeps it in var/."


def secret_key(**kwargs: Any) -> list[CheckMessage]:
    key = _secret_key()
    if not key:
        return [Error("SECRET_KEY is not set.", hint=f"{HOW_TO_MAKE} {FOR_DEVELOPMENT}", id="fincelo.E001")]
    if key.lower().startswith(EXAMPLES):
        return [Error("SECRET_KEY is an example that anybody knows.", hint=HOW_TO_MAKE, id="fincelo.E002")]
    if not looks_random(key):
        return [Error("SECRET_KEY is not 32 random bytes or more.", hint=HOW_TO_MAKE, id="fincelo.E003")]
    return []


def fernet_keys(**kwargs: Any) -> list[CheckMessage]:
    keys: object = settings.FERNET_KEYS
    if not isinstance(keys, list):
        hint = "Set the environment variable: keys separated by commas, the first one encrypts."
        return [Error("FERNET_KEYS is not a list of keys.", hint=hint, id="fincelo.E004")]
    if not keys:
        return [Error("FERNET_KEYS is not set.", hint=f"{HOW_TO_MAKE} {FOR_DEVELOPMENT}", id="fincelo.E005")]
    return list(_bad_keys(keys))


def _bad_keys(keys: list[object]) -> Iterator[CheckMessage]:
    for position, key in enumerate(keys, start=1):
        if not isinstance(key, str) or not looks_random(key):
            problem = f"Key {position} of FERNET_KEYS is not 32 random bytes or more."
            yield Error(problem, hint=HOW_TO_MAKE, id="fincelo.E006")
        elif key == _secret_key():
            problem = f"Key {position} of FERNET_KEYS equals SECRET_KEY."
            yield Error(problem, hint=f"Each secret has one purpose. {HOW_TO_MAKE}", id="fincelo.E007")


def allowed_hosts(**kwargs: Any) -> list[CheckMessage]:
    if not settings.ALLOWED_HOSTS:
        hint = "Set it to the host names people use, separated by commas: billing.example.com."
        return [Error("ALLOWED_HOSTS is empty.", hint=hint, id="fincelo.E008")]
    if any(host == "*" or (host.startswith(".") and "." not in host[1:]) for host in settings.ALLOWED_HOSTS):
        hint = "Name the hosts: otherwise a request can make links in answers and mails point elsewhere."
        return [Error("ALLOWED_HOSTS allows every host.", hint=hint, id="fincelo.E009")]
    return []


def public_url(**kwargs: Any) -> list[CheckMessage]:
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        hint = "Set it to the address people use, like https://billing.example.com: CRMs call back there."
        return [Error("PUBLIC_URL is not an address.", hint=hint, id="fincelo.E010")]
    if settings.HTTPS_ONLY and parts.scheme != "https":
        hint = "Use https://, or set HTTPS_ONLY=false where the browser is on this machine."
        return [Error("PUBLIC_URL is not https.", hint=hint, id="fincelo.E011")]
    return []


def crm_origins(**kwargs: Any) -> list[CheckMessage]:
    """Addresses that may be called although they are no provider's: for demo, tests and benchmarks only."""
    hint = "Only this machine may be trusted beside the providers, as in http://127.0.0.1:8001."
    problems: list[CheckMessage] = [
        Error(f"CRM_TRUSTED_ORIGINS names {origin!r}.", hint=hint, id="fincelo.E012")
        for origin in settings.CRM_TRUSTED_ORIGINS
        if not _is_loopback_origin(origin)
    ]
    if settings.CRM_TRUSTED_ORIGINS and not (settings.FINCELO_DEV and settings.CRM_ALLOW_LOOPBACK):
        hint = "Unset it. A demo with simulated CRMs sets CRM_ALLOW_LOOPBACK and FINCELO_DEV beside it."
        problems.append(Error("CRM_TRUSTED_ORIGINS is set for real.", hint=hint, id="fincelo.E013"))
    return problems


def production(**kwargs: Any) -> list[CheckMessage]:
    """Refuses what is meant for development, unless only this machine may reach the server."""
    elsewhere = sorted({host for host in reachable_as() if not is_loopback(host)})
    is_development = settings.FINCELO_DEV and not elsewhere
    problems = []
    if settings.FINCELO_DEV and elsewhere:
        names = f"ALLOWED_HOSTS or PUBLIC_URL names {', '.join(elsewhere)}"
        problems.append((f"FINCELO_DEV is on and {names}.", "Unset FINCELO_DEV."))
    owner = settings.DATABASE_OWNER
    if settings.FINCELO_DEV and not (is_local_database() and (not owner or is_local(owner))):
        problems.append(("FINCELO_DEV is on with a database elsewhere.", "Unset one of the two."))
    if settings.DEBUG and not is_development:
        problems.append(("DEBUG is on.", "Unset it: its pages show settings to whoever causes an error."))
    if settings.CRM_ALLOW_LOOPBACK and not is_development:
        problems.append(("CRM_ALLOW_LOOPBACK is on.", "Unset it: it lets credentials go to this machine."))
    if not settings.EMBEDDED_POSTGRES.durable and not settings.FINCELO_DEV and is_embedded():
        hint = "Unset EMBEDDED_POSTGRES_DURABLE: a machine that dies would take issued invoices along."
        problems.append(("The embedded database need not keep what it is given.", hint))
    if settings.EMAIL_HOST_PASSWORD and not is_loopback(settings.EMAIL_HOST) and not is_mail_encrypted():
        hint = "Use smtp+tls://user:password@host:587 or smtp+ssl://user:password@host:465."
        problems.append(("EMAIL_URL sends its password unencrypted.", hint))
    if not settings.HTTPS_ONLY and elsewhere:
        names = ", ".join(elsewhere)
        hint = "Set HTTPS_ONLY=true and put a proxy with https before it: passwords travel unencrypted."
        problems.append((f"HTTPS_ONLY is off and people use {names}.", hint))
    return [Error(what, hint=hint, id="fincelo.E020") for what, hint in problems]


def reachable_as() -> list[str]:
    """The host names that people use."""
    return [*settings.ALLOWED_HOSTS, urlsplit(settings.PUBLIC_URL).hostname or "localhost"]


def is_mail_encrypted() -> bool:
    return bool(settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL)


def is_embedded() -> bool:
    return bool(settings.DATABASES["default"].get("ENGINE") == EMBEDDED)


def is_local_database() -> bool:
    return is_local(settings.DATABASES["default"])


def is_local(place: Mapping[str, Any]) -> bool:
    """On this machine: embedded, by a socket file, or at an address of the loopback.

    What the place leaves open PostgreSQL's own environment variables say.
    """
    if place.get("ENGINE") == EMBEDDED:
        return True
    options = place.get("OPTIONS", {})
    host = place.get("HOST") or options.get("host")
    if "service" in options or os.environ.get("PGSERVICE"):
        return False  # a file elsewhere says where
    address = options.get("hostaddr") or os.environ.get("PGHOSTADDR", "")
    hosts = [*address.split(","), *f"{host or os.environ.get('PGHOST', '')}".split(",")]
    return all(not host or host.startswith(("/", "@")) or is_loopback(host) for host in hosts)


def is_loopback(host: str) -> bool:
    """Tells whether a name of ALLOWED_HOSTS or of an address means this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def oauth_transport(**kwargs: Any) -> list[CheckMessage]:
    if "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ:
        return []
    hint = "Unset it: it lets tokens travel unencrypted."
    return [Error("OAUTHLIB_INSECURE_TRANSPORT is set.", hint=hint, id="fincelo.E014")]


def queue_packages(**kwargs: Any) -> list[CheckMessage]:
    """Nothing may start that would unpickle a row of the queue."""
    absent = missing()
    if not absent:
        return []
    hint = "Install what requirements.txt names, and keep save_limit of Q_CLUSTER at -1."
    return [
        Error(f"The queue may run what its tables hold: {', '.join(absent)}.", hint=hint, id="fincelo.E021")
    ]


def caches(**kwargs: Any) -> list[CheckMessage]:
    """Django's shared caches unpickle what they read: whoever writes there runs code here."""
    return [
        Error(
            f"CACHES[{alias!r}] stores pickles outside of this process.",
            hint="Use the cache in memory, or fincelo's own that stores JSON.",
            id="fincelo.E022",
        )
        for alias, cache in settings.CACHES.items()
        if not cache["BACKEND"].startswith(CACHES_WITHOUT_PICKLES)
    ]


def declared_rights(**kwargs: Any) -> list[CheckMessage]:
    """A view that forgot to ask would be open to everybody who is signed in."""
    hint = "Put needs(...) of fincelo/rights.py above it, or say there who may open it."
    return [
        Error(f"The page {route!r} does not say which right it needs.", hint=hint, id="fincelo.E024")
        for route, view in views(get_resolver().url_patterns)
        if rights_of(view) is None
    ]


def database(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    return [problem for alias in databases or [] for problem in _bad_database(connections[alias])]


def _bad_database(connection: Any) -> Iterator[CheckMessage]:
    try:
        connection.ensure_connection()
    except OperationalError as error:
        hint = "Is PostgreSQL running, and DATABASE_URL right?"
        reason = " ".join(str(error).split())
        yield Error(f"The database does not answer: {reason}", hint=hint, id="fincelo.E015")
        return
    version = connection.pg_version // 10_000
    if version < OLDEST_POSTGRES:
        hint = f"Fincelo needs PostgreSQL {OLDEST_POSTGRES} or later."
        yield Error(f"The database is PostgreSQL {version}.", hint=hint, id="fincelo.E016")
    yield from _bad_protection(connection)


def _bad_protection(connection: Any) -> Iterator[CheckMessage]:
    if not closed_triggers.is_closed(using=connection.alias):
        problem = "Any session may pass by the triggers that keep issued documents."
        yield Error(problem, hint="Run `manage.py migrate`: it closes that way.", id=OPEN_TRIGGERS)
    if connection.settings_dict["ENGINE"] == EMBEDDED:
        return
    if not database_rights.rights(using=connection.alias).are_narrow:
        problem = (
            "The role of DATABASE_URL may change tables or the audit, so it could shorten what watches it."
        )
        hint = "Run deploy/roles.sql; give fincelo_app to web and worker, and DATABASE_OWNER_URL to migrate."
        yield Warning(problem, hint=hint, id="fincelo.W001")


def register_all() -> None:
    for check in (
        *(secret_key, fernet_keys, allowed_hosts, public_url, crm_origins, oauth_transport),
        *(production, queue_packages, caches),
    ):
        register(check, Tags.security)
    register(Tags.urls)(declared_rights)
    register(Tags.database)(database)


def _secret_key() -> str:
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's way to say that it is empty
        return ""


def _is_loopback_origin(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        return (
            is_loopback(parts.hostname or "")
            and bool(parts.port)
            and "@" not in origin
            and origin == f"http://{parts.netloc}"
        )
    except ValueError:
        return False
