from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import connections
from django.db.models.signals import post_migrate


class CrmSyncConfig(AppConfig):
    name = "crm_sync"
    verbose_name = "CRM sync"

    def ready(self) -> None:
        from crm_sync.connections import key_canary  # need models: all apps must be known
        from crm_sync.oversight import health_parts, invariants  # as above
        from fincelo import health  # as above
        from fincelo.invariants import register  # as above

        health.register(name="polls", ask=health_parts.polls)
        health.register(name="tie-out", ask=health_parts.tie_out)
        register(invariants.INVARIANTS)
        checks.register(key_canary.check, checks.Tags.database)
        post_migrate.connect(key_canary.ensure, sender=self)
        post_migrate.connect(after_upgrade, sender=self)


def after_upgrade(*, using: str, **kwargs: Any) -> None:
    """The first runs of a release try again what the database refused of the one before."""
    from crm_sync.models import CrmDeal  # needs models: all apps must be known

    if CrmDeal._meta.db_table in connections[using].introspection.table_names():  # migrated app by app
        CrmDeal.objects.ask_again_what_was_refused()
