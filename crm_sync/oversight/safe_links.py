"""Addresses that came from a CRM, before a person is sent there."""

from urllib.parse import urlsplit

from django.conf import settings


def safe_link(url: str) -> str:
    """The address itself when it is https or on a trusted origin, else nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}"
    is_safe = bool(parts.netloc) and (parts.scheme == "https" or origin in settings.CRM_TRUSTED_ORIGINS)
    return url if is_safe else ""
