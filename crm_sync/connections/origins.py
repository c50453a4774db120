"""Which addresses the clients may call."""

from collections.abc import Callable

from django.conf import settings

from crm_sync.clients.registry import facts_of


def allowed_origins(provider: str) -> Callable[[str], bool]:
    """The provider's own https hosts, and the trusted loopback origins of demo and tests."""
    official = facts_of(provider).is_official_origin
    trusted = frozenset(settings.CRM_TRUSTED_ORIGINS)
    return lambda origin: origin in trusted or official(origin)
