"""A web server or worker with a bad configuration does not start."""

import ipaddress

import psutil
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections


class ListensElsewhere(Exception):
    """A development server that other machines can reach."""


def refuse_public_sockets() -> None:
    """Ends a web server of development that listens for other machines, whatever their host names."""
    if not settings.FINCELO_DEV:
        return
    open_to_others = {
        place.laddr.ip
        for place in psutil.Process().net_connections(kind="inet")
        if place.status == psutil.CONN_LISTEN and not ipaddress.ip_address(place.laddr.ip).is_loopback
    }
    if open_to_others:
        names = ", ".join(sorted(open_to_others))
        raise ListensElsewhere(
            f"FINCELO_DEV is on and the server listens at {names}. Bind it to 127.0.0.1, or unset that."
        )


def refuse_bad_configuration() -> None:
    """Run every system check, the database ones too. The SystemCheckError says what is wrong and the cure."""
    BaseCommand().check(databases=["default"])
    connections.close_all()  # the processes forked from here open their own
