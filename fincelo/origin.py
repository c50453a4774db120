"""Where a request comes from: the address that limits count and that the audit names."""

import ipaddress
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest

_address: ContextVar[str] = ContextVar("address", default="")


def client_address(request: HttpRequest) -> str:
    """The address of whoever asks, as the last proxy of ours saw it; empty on a Unix socket.

    Our proxies append to X-Forwarded-For; what a client wrote into it stands further left and is not read.
    """
    proxies: int = settings.TRUSTED_PROXY_COUNT
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if not 0 < proxies <= len(forwarded):
        return _valid(direct)
    return _valid(forwarded[-proxies].strip()) or _valid(direct)


def current_address() -> str:
    """The address of the request that is being answered; empty in commands and tasks."""
    return _address.get()


def remember(address: str) -> None:
    _address.set(address)


def _valid(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""
