"""Which addresses the clients may call."""

from collections.abc import Callable

from django.conf import settings

from crm_sync.clients.hubspot.api import is_hubspot_origin
from crm_sync.clients.salesforce.oauth import is_salesforce_origin
from crm_sync.enums import Provider

OFFICIAL = {Provider.SALESFORCE: is_salesforce_origin, Provider.HUBSPOT: is_hubspot_origin}


def allowed_origins(provider: Provider | str) -> Callable[[str], bool]:
    """The provider's own https hosts, and the trusted loopback origins of demo and tests."""
    official = OFFICIAL[Provider(provider)]
    trusted = frozenset(settings.CRM_TRUSTED_ORIGINS)
    return lambda origin: origin in trusted or official(origin)
