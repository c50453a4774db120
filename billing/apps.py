from django.apps import AppConfig
from django.core.checks import Tags
from django.core.checks import register as register_check
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import checks, invariants  # need models: all apps must be known
        from billing.issuing import restoring  # as above
        from billing.overview import health  # as above
        from fincelo import health as parts  # as above
        from fincelo.invariants import register  # as above

        parts.register(name="billing", ask=health.billing)
        parts.register(name="mail", ask=health.mail)
        register(invariants.INVARIANTS)
        register_check(checks.restored, Tags.database)
        post_migrate.connect(lambda **_: restoring.write_first_witness(), sender=self, weak=False)
