"""What an import would become, read before it is confirmed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from contracts.enums import BillingCycle
from contracts.models import NAME_LENGTH
from crm_sync import enums
from crm_sync.findings.values import Finding, finding_from
from crm_sync.models.connections import Connection


class BackfillQuerySet(models.QuerySet["Backfill"]):
    def current(self) -> "BackfillQuerySet":
        """Neither imported nor set aside."""
        return self.filter(state__in=enums.CURRENT_BACKFILLS)


class Backfill(models.Model):
    """A preview of the won deals since a day, then their import. Tasks continue with it where it stands."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="backfills")
    state = models.CharField(
        max_length=10, choices=enums.BackfillState.choices, default=enums.BackfillState.READING
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    import_from = models.DateField()
    billed_until = models.DateField(null=True)
    automatic_from = models.DateField(
        null=True,
        help_text=(
            "Deals that closed from this day on need nobody. Earlier ones are billed as they were shown, or "
            "wait. Empty until the import is begun, and where nothing waited for it."
        ),
    )
    as_of = models.DateField(help_text="The day for which invoices are foretold.")
    digest = models.CharField(max_length=64, help_text="Of the mapping and settings that it was read with.")
    cursor_modified_at = models.DateTimeField(null=True)
    cursor_external_id = models.CharField(max_length=40, blank=True, default="")
    cursor_window_end = models.DateTimeField(null=True)
    cursor_reached_at = models.DateTimeField(null=True)
    pages = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(null=True, help_text="How many deals the CRM announced.")
    unchanged = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict)
    refusal = models.TextField(blank=True, default="", help_text="Why nothing would be invoiced that day.")
    error = models.TextField(blank=True, default="")
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    touched_at = models.DateTimeField(db_default=Now(), editable=False)
    read_at = models.DateTimeField(null=True)
    import_started_at = models.DateTimeField(null=True)
    import_finished_at = models.DateTimeField(null=True)

    objects = BackfillQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=enums.CURRENT_BACKFILLS),
                name="one_current_backfill",
            )
        ]

    def __str__(self) -> str:
        return f"Import of {self.connection} from {self.import_from}"


class BackfillDeal(models.Model):
    """What one deal of a preview would become."""

    backfill = models.ForeignKey(Backfill, on_delete=models.CASCADE, related_name="deals", db_index=False)
    external_id = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_LENGTH)
    url = models.CharField(max_length=400, blank=True)
    account_id = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=10, choices=enums.Outcome.choices)
    code = models.CharField(max_length=24, choices=enums.HoldCode.choices, blank=True)
    sentence = models.TextField(blank=True)
    problems = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    customer_name = models.CharField(max_length=NAME_LENGTH, blank=True)
    customer_match = models.CharField(max_length=12, choices=enums.CustomerMatch.choices, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    value_minor = models.BigIntegerField(null=True)
    start_date = models.DateField(null=True)
    end_date = models.DateField(null=True)
    billing_cycle = models.CharField(max_length=12, choices=BillingCycle.choices, blank=True)
    instalments = models.PositiveIntegerField(default=0)
    elsewhere = models.PositiveIntegerField(default=0, help_text="Instalments that are billed elsewhere.")
    invoices = models.PositiveIntegerField(default=0, help_text="Invoices of the day foretold for.")
    invoiced_minor = models.BigIntegerField(default=0)
    due_minor = models.BigIntegerField(
        default=0, help_text="The instalments of these invoices: what a billing run is measured by."
    )
    asks = models.BooleanField(default=False)
    waits = models.JSONField(
        default=list, db_default=[], help_text="Codes of why its billing would wait, whatever is due."
    )
    first_billing_date = models.DateField(null=True, help_text="Of what is billed here.")
    billed_until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backfill", "external_id"], name="one_row_per_previewed_deal")
        ]
        indexes = [
            models.Index(fields=["backfill", "outcome", "id"], name="previewed_by_outcome"),
            models.Index(fields=["backfill", "account_id"], name="previewed_by_account"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id

    @property
    def found(self) -> list[Finding]:
        """Its warnings, as values."""
        return [finding_from(entry) for entry in self.warnings]

    @property
    def sentences(self) -> list[str]:
        """Its warnings, in words."""
        return [one.sentence for one in self.found]
