from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FinceloConfig(AppConfig):
    name = "fincelo"
    verbose_name = "Fincelo"

    def ready(self) -> None:
        from fincelo import checks, schedules, task_guard  # need models: all apps must be known

        checks.register_all()
        task_guard.connect()
        post_migrate.connect(schedules.ensure_schedules, sender=self)
