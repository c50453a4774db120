from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import invariants  # needs models: all apps must be known
        from fincelo.invariants import register  # as above

        register(invariants.INVARIANTS)
