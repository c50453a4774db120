from typing import Any

from pgtrigger.management.commands import pgtrigger

from fincelo.closed_triggers import close


class Command(pgtrigger.Command):
    """django-pgtrigger's, which leaves no way around the triggers behind."""

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        close(using=options.get("database") or "default")
