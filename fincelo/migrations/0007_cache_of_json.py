from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fincelo", "0005_task_history_without_pickles")]

    operations = [
        migrations.CreateModel(
            name="CacheEntry",
            fields=[
                ("key", models.CharField(max_length=250, primary_key=True, serialize=False)),
                ("value", models.JSONField()),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
