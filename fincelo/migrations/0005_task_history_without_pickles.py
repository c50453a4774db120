from typing import Any

from django.db import migrations, models


def forget_pickles(apps: Any, schema_editor: Any) -> None:
    """Rows of releases that pickled cannot be read any more, and nothing needs them.

    What waited in the queue is rung again by the next poll, billing or mail run. Failures stay with their function and
    time; their pickled arguments and tracebacks go, which are in the worker's log.
    """
    apps.get_model("django_q", "OrmQ").objects.all().delete()
    tasks = apps.get_model("django_q", "Task").objects
    tasks.filter(success=True).delete()
    tasks.update(args=None, kwargs=None, result=None, hook=None)


class Migration(migrations.Migration):
    dependencies = [
        ("fincelo", "0004_background_work"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]

    operations = [
        migrations.CreateModel(
            name="TaskHistory",
            fields=[
                ("func", models.CharField(max_length=256, primary_key=True, serialize=False)),
                (
                    "lane",
                    models.CharField(
                        blank=True, default="", help_text="The queue that it last ran in.", max_length=40
                    ),
                ),
                ("last_started_at", models.DateTimeField(null=True)),
                ("last_ok_at", models.DateTimeField(null=True)),
                ("last_failed_at", models.DateTimeField(null=True)),
                (
                    "last_error",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Class and SQLSTATE of the last failure.",
                        max_length=120,
                    ),
                ),
                ("starts", models.PositiveBigIntegerField(default=0)),
                ("successes", models.PositiveBigIntegerField(default=0)),
                ("failures", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.RunPython(forget_pickles, migrations.RunPython.noop),
    ]
