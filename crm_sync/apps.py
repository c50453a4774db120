from django.apps import AppConfig


class CrmSyncConfig(AppConfig):
    name = "crm_sync"
    verbose_name = "CRM sync"

    def ready(self) -> None:
        from crm_sync import health_parts, invariants  # need models: all apps must be known
        from fincelo import health  # as above
        from fincelo.invariants import register  # as above

        health.register(name="polls", ask=health_parts.polls)
        health.register(name="tie-out", ask=health_parts.tie_out)
        register(invariants.INVARIANTS)
