from typing import Any

from django_q.management.commands import qcluster

from fincelo.startup import refuse_bad_configuration


class Command(qcluster.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        refuse_bad_configuration()
        super().handle(*args, **options)
