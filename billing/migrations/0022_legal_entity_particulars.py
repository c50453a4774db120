import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0029_indexes_of_the_search"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="legalentity",
            name="default_tax_rate_is_a_rate",
        ),
        migrations.AddField(
            model_name="legalentity",
            name="city",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="legalentity",
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
            model_name="legalentity",
            name="company_id_scheme",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=4, verbose_name="scheme of the company ID"
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
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
            model_name="legalentity",
            name="contact_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="contact_phone",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="country",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="ISO 3166-1 code, such as DE.", max_length=2
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
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
            model_name="legalentity",
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
            model_name="legalentity",
            name="legal_info",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="What letters of the company must name: register court, managing directors, capital.",
                max_length=500,
                verbose_name="legal information",
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="post_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="legalentity",
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
            model_name="legalentity",
            name="requires_buyer_address",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="As the law of nearly every country asks. An invoice without one waits.",
                verbose_name="invoices need the customer's address",
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="street",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="Street and number, or a P.O. box. One line or more.",
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
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
            model_name="legalentity",
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
            model_name="legalentity",
            name="vat_currency",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=3, verbose_name="VAT currency"
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
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
            model_name="creditnote",
            name="buyer",
            field=models.JSONField(help_text="Frozen copy of the invoice's."),
        ),
        migrations.AlterField(
            model_name="creditnote",
            name="seller",
            field=models.JSONField(help_text="Frozen copy of the invoice's."),
        ),
        migrations.AlterField(
            model_name="invoice",
            name="buyer",
            field=models.JSONField(help_text="Frozen copy; format 2 has the address in parts."),
        ),
        migrations.AlterField(
            model_name="invoice",
            name="seller",
            field=models.JSONField(help_text="Frozen copy; format 2 has the address in parts."),
        ),
        migrations.AlterField(
            model_name="legalentity",
            name="address",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="As it came, where its parts cannot be told. Used while the parts are empty.",
                verbose_name="address as one text",
            ),
        ),
        migrations.AlterField(
            model_name="legalentity",
            name="default_tax_rate",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="In thousandths of a percent: 19000 is 19 %. For customers in the same country without a rate of their own. Empty: every customer needs one.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(99999)],
            ),
        ),
        migrations.AddConstraint(
            model_name="legalentity",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("default_tax_rate", None), ("default_tax_rate__lt", 100000), _connector="OR"
                ),
                name="default_tax_rate_is_a_rate",
            ),
        ),
        migrations.AddConstraint(
            model_name="legalentity",
            constraint=models.CheckConstraint(
                condition=models.Q(("country", ""), ("country__regex", "^[A-Z]{2}$"), _connector="OR"),
                name="legal_entity_country_is_a_code",
                violation_error_message="A country is the two letters of its ISO code.",
            ),
        ),
    ]
