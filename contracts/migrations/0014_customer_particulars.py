import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0017_how_days_and_numbers_are_written"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="customer", name="customer_by_tax_id"),
        migrations.AddField(
            model_name="customer",
            name="accounting_reference",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="customer",
            name="buyer_id",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="buyer ID"
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="buyer_reference",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of public customers, such as a Leitweg-ID.",
                max_length=100,
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="city",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="customer",
            name="company_id",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of the company register: HRB 12345 B.",
                max_length=64,
                verbose_name="company ID",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="company_id_scheme",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=4, verbose_name="scheme of the company ID"
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="contact_email",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=320,
                validators=[django.core.validators.EmailValidator()],
                verbose_name="contact e-mail",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="contact_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="customer",
            name="contact_phone",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
        migrations.AddField(
            model_name="customer",
            name="country",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="ISO 3166-1 code, such as DE.", max_length=2
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="electronic_address",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Where e-invoices are received.",
                max_length=320,
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="electronic_scheme",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Scheme of the electronic address; EM is e-mail.",
                max_length=4,
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="entered",
            field=models.JSONField(blank=True, db_default=[], default=list, editable=False),
        ),
        migrations.AddField(
            model_name="customer",
            name="kind",
            field=models.CharField(
                choices=[("business", "Business"), ("consumer", "Consumer"), ("public", "Public body")],
                db_default="business",
                default="business",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="po_required",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Invoices wait for the purchase order number of their contract.",
                verbose_name="PO number required",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="post_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="customer",
            name="printed_name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Printed in place of the name, as where no font has its letters.",
                max_length=500,
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="region",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="State or province, where the address needs one.",
                max_length=100,
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="ship_city",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="customer",
            name="ship_country",
            field=models.CharField(blank=True, db_default="", default="", max_length=2),
        ),
        migrations.AddField(
            model_name="customer",
            name="ship_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
        migrations.AddField(
            model_name="customer",
            name="ship_post_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="customer",
            name="source_values",
            field=models.JSONField(blank=True, db_default={}, default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="customer",
            name="street",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="Street and number, or a P.O. box. One line or more.",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="tax_number",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What the tax office knows its own tax payers by.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="trading_name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Where it differs from the registered name.",
                max_length=500,
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="vat_id",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="With the letters of its country, as in DE136695976.",
                max_length=32,
                verbose_name="VAT ID",
            ),
        ),
        migrations.AlterField(
            model_name="customer",
            name="address",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="As it came, where its parts cannot be told. Used while the parts are empty.",
                verbose_name="address as one text",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("country", ""), ("country__regex", "^[A-Z]{2}$"), _connector="OR"),
                name="customer_country_is_a_code",
                violation_error_message="A country is the two letters of its ISO code.",
            ),
        ),
    ]
