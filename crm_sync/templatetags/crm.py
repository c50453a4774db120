"""How the CRM's own things are shown."""

from django import template

from crm_sync.enums import HoldCode, Provider
from crm_sync.safe_links import safe_link

register = template.Library()


@register.filter
def crm_link(url: str) -> str:
    """The CRM's address of a record, or nothing where it is not fit to be followed."""
    return safe_link(url)


@register.filter
def crm_name(provider: str) -> str:
    return str(Provider(provider).label)


@register.filter
def cause(code: str) -> str:
    """The words of a hold's reason code."""
    return str(HoldCode(code).label) if code in HoldCode.values else code
