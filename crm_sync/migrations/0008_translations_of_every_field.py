from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("crm_sync", "0007_tie_out")]

    operations = [
        migrations.RenameField(model_name="translation", old_name="billing_cycle", new_name="value"),
    ]
