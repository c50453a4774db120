from django.apps import AppConfig


class ContractsConfig(AppConfig):
    name = "contracts"

    def ready(self) -> None:
        from contracts import invariants  # needs models: all apps must be known
        from fincelo.invariants import register  # as above

        register(invariants.INVARIANTS)
