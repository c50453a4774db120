"""Whether the keys of this process read what the database holds encrypted."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, connections, router

from crm_sync.fields import SecretMisplaced
from crm_sync.models import ConnectionCredentials, KeyCanary

SAMPLE = 20
"""So many stored credentials are tried where there is no canary."""


def ensure(*, using: str, **kwargs: Any) -> None:
    """After migrate: makes the canary, unless credentials are stored that this process cannot read."""
    if using != router.db_for_write(KeyCanary):
        return
    if KeyCanary._meta.db_table not in connections[using].introspection.table_names():  # migrated back
        return
    if not KeyCanary.objects.using(using).exists() and reads_credentials(using=using) is not False:
        KeyCanary(pk=KeyCanary.ONLY, text=KeyCanary.TEXT).save(using=using, force_insert=True)


def keys_fit(*, using: str) -> bool:
    """True also where nothing is encrypted yet. DatabaseError where the tables cannot be read."""
    try:
        if KeyCanary.objects.using(using).filter(pk=KeyCanary.ONLY).first() is not None:
            return True
    except InvalidToken:
        return False
    return reads_credentials(using=using) is not False


def reads_credentials(*, using: str) -> bool | None:
    """Whether any of the stored credentials can be read; None where there are none."""
    keys = list(ConnectionCredentials.objects.using(using).values_list("pk", flat=True)[:SAMPLE])
    for key in keys:
        try:
            ConnectionCredentials.objects.using(using).get(pk=key)
        except InvalidToken:
            continue
        except (SecretMisplaced, ConnectionCredentials.DoesNotExist):
            return True  # decrypted, or gone since
        return True
    return False if keys else None


def check(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    return [problem for alias in databases or [] for problem in problems_of(alias)]


def problems_of(alias: str) -> list[CheckMessage]:
    """Missing keys and a database that does not answer, or is not migrated, are for other checks."""
    if not settings.FERNET_KEYS:
        return []
    try:
        fits = keys_fit(using=alias)
    except DatabaseError:
        return []
    if fits:
        return []
    hint = "Set it to the keys that this database was used with. A new key goes in front of the old ones."
    return [Error("No key of FERNET_KEYS reads what is stored encrypted.", hint=hint, id="fincelo.E019")]
