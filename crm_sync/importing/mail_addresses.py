"""Addresses that came from a CRM, before anything is sent there. Pure."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email


def mail_address(text: str) -> str:
    """The one plain address that the text is, else nothing."""
    address = text.strip()
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address
