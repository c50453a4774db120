from django.apps import AppConfig


class CrmSyncConfig(AppConfig):
    name = "crm_sync"
    verbose_name = "CRM sync"

    def ready(self) -> None:
        from crm_sync import invariants, watch  # need models: all apps must be known
        from fincelo import health  # as above
        from fincelo.invariants import register  # as above

        health.FURTHER["polls"] = watch.polls
        register(invariants.INVARIANTS)
