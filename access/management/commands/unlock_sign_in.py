import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from access.unlocking import UnableToUnlock, unlock, unlock_address
from fincelo.one_sentence import OneSentenceCommand


class Command(OneSentenceCommand):
    help = "Lifts the limits of wrong passwords for a user, and with --address for an address as well."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the user name")
        parser.add_argument("--address", help="an address that may try again at once, such as an office's")
        self.add_json(parser)

    def handle(self, *, name: str, address: str | None, **options: Any) -> None:
        try:
            user = unlock(name=name, actor=None, reason=f"By a command of {getpass.getuser()}.")
            if address:
                unlock_address(address=address)
        except UnableToUnlock as refusal:
            raise CommandError(str(refusal)) from refusal
        self.tell(
            f"{user.username} can try again at once.",
            as_json=bool(options["json"]),
            unlocked=user.username,
            address=address,
        )
