"""A web server or worker with a bad configuration does not start."""

from django.core.management.base import BaseCommand
from django.db import connections


def refuse_bad_configuration() -> None:
    """Run every system check, the database ones too. The SystemCheckError says what is wrong and the cure."""
    BaseCommand().check(databases=["default"])
    connections.close_all()  # the processes forked from here open their own
