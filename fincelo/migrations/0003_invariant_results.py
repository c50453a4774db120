from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fincelo", "0002_last_invariant_check"),
    ]

    operations = [
        migrations.CreateModel(
            name="InvariantResult",
            fields=[
                ("name", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=8)),
                ("checked_at", models.DateTimeField()),
                ("milliseconds", models.PositiveIntegerField()),
                ("count", models.PositiveIntegerField(default=0, help_text="How many break it.")),
                ("sentences", models.JSONField(default=list, help_text="One for each of the first.")),
                ("problem", models.TextField(blank=True, default="", help_text="Why it could not be asked.")),
            ],
        ),
    ]
