import gc

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class FinceloConfig(AppConfig):
    name = "fincelo"
    verbose_name = "Fincelo"

    def ready(self) -> None:
        from fincelo import (
            checks,
            closed_triggers,
            database_rights,
            health_parts,
            queue_packages,
            roles,
            schedules,
            task_guard,
        )  # need models: all apps must be known

        checks.register_all()
        health_parts.register_all()
        queue_packages.install()
        autodiscover_modules("tasks")  # each app declares its background tasks there
        task_guard.connect()
        post_migrate.connect(closed_triggers.close, sender=apps.get_app_config("django_q"))
        post_migrate.connect(database_rights.narrow_application_role, sender=apps.get_app_config("django_q"))
        post_migrate.connect(schedules.ensure_schedules, sender=self)
        # Signalled after our own apps, so that the permissions of their models are there.
        post_migrate.connect(roles.ensure_roles, sender=apps.get_app_config("django_q"))

        gc.freeze()  # nobody looks again and again through what stays for good
        gc.enable()
