from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "access"
    verbose_name = "Access"

    def ready(self) -> None:
        from access import role_changes, sessions  # need models: all apps must be known

        role_changes.connect()
        sessions.connect()
