from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0007_approval_of_contracts"),
        ("crm_sync", "0009_mapping_studio_and_holds"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="crmdeal",
            name="deal_to_read_again",
        ),
        migrations.AddIndex(
            model_name="crmdeal",
            index=models.Index(
                condition=models.Q(("fingerprint", ""), ("state__in", ("imported", "previewed"))),
                fields=["connection"],
                name="deal_to_read_again",
            ),
        ),
    ]
