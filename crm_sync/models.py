from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Greatest, Now
from django.urls import reverse

from contracts.enums import BillingCycle, BillingTiming, LeadDays
from contracts.models import NAME_LENGTH, Contract, Customer
from crm_sync import enums
from crm_sync.fields import SealedModel, SecretField

POLL_INTERVAL = timedelta(minutes=5)
SILENT_AFTER = 3 * POLL_INTERVAL
WON_STAGES = ("Closed Won",)


def won_stages() -> list[str]:
    return list(WON_STAGES)


class CrmOrg(models.Model):
    """A Salesforce org or a HubSpot portal. Everything imported is keyed by it, so that orgs never mix."""

    provider = models.CharField(max_length=12, choices=enums.Provider.choices)
    external_id = models.CharField(max_length=40)
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=60, blank=True, help_text="Production, sandbox, developer test ...")

    class Meta:
        verbose_name = "CRM org"
        constraints = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="one_row_per_crm_org")
        ]

    def __str__(self) -> str:
        return self.name or f"{self.get_provider_display()} {self.external_id}"


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def live(self) -> "ConnectionQuerySet":
        """May call the CRM at all."""
        return self.filter(
            state__in=[enums.ConnectionState.CONNECTED, enums.ConnectionState.DEGRADED],
            mapping_version__isnull=False,
        )

    def silent(self) -> "ConnectionQuerySet":
        """Live, and without a complete run for three intervals, unless a run is storing pages right now."""
        at_work = ConnectionLease.objects.filter(connection=OuterRef("pk"), expires_at__gt=Now())
        heard = self.live().annotate(heard_at=Greatest("created_at", "live_since", "last_success_at"))
        return heard.filter(~Exists(at_work), heard_at__lt=Now() - SILENT_AFTER)


class Connection(models.Model):
    """An authorised link to one CRM org, with its settings and its cursor."""

    provider = models.CharField(max_length=12, choices=enums.Provider.choices)
    name = models.CharField(max_length=100, unique=True, help_text="Shown wherever this connection is named.")
    org = models.ForeignKey(CrmOrg, on_delete=models.PROTECT, null=True, related_name="connections")
    state = models.CharField(
        max_length=14, choices=enums.ConnectionState.choices, default=enums.ConnectionState.NOT_CONNECTED
    )
    state_reason = models.TextField(blank=True, help_text="One sentence: what happened and what to do.")
    warnings = models.JSONField(default=list, blank=True, help_text="Sentences shown on the connection.")
    login_url = models.CharField(max_length=200, blank=True)
    instance_url = models.CharField(max_length=200, blank=True)
    client_id = models.CharField(max_length=300, blank=True, help_text="Salesforce consumer key.")
    api_version = models.CharField(max_length=12, blank=True)
    import_from = models.DateField(help_text="Deals closed before this day are never imported.")
    default_currency = models.CharField(max_length=3, help_text="For deals that name no currency.")
    time_zone = models.CharField(max_length=64, default="UTC")
    ui_domain = models.CharField(max_length=100, blank=True)
    has_currency_field = models.BooleanField(default=False)
    stage_names = models.JSONField(
        default=won_stages, help_text="Exact names of the stages that are imported."
    )
    amount_means = models.CharField(
        max_length=8, choices=enums.AmountMeans.choices, default=enums.AmountMeans.TOTAL
    )
    term_unit = models.CharField(max_length=8, choices=enums.TermUnit.choices, default=enums.TermUnit.MONTHS)
    billing_timing = models.CharField(
        max_length=12, choices=BillingTiming.choices, default=BillingTiming.IN_ADVANCE
    )
    lead_days = models.PositiveSmallIntegerField(choices=LeadDays.choices, default=LeadDays.NONE)
    mapping_version = models.ForeignKey(
        "MappingVersion",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The confirmed field mapping. Nothing is imported before a person has confirmed one.",
    )
    cursor_modified_at = models.DateTimeField(null=True)
    cursor_external_id = models.CharField(max_length=40, blank=True, default="")
    cursor_window_end = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True, help_text="The CRM asked us to wait until then.")
    sync_requested_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    leavers_asked_at = models.DateTimeField(
        null=True, help_text="So many deals left won at once that a person decides what becomes of them."
    )
    last_sweep_at = models.DateTimeField(null=True)
    sweep_part = models.CharField(
        max_length=8, choices=enums.SweepPart.choices, blank=True, db_default="", default=""
    )
    sweep_position = models.CharField(max_length=40, blank=True, db_default="", default="")
    live_since = models.DateTimeField(
        null=True, help_text="When it was last connected, confirmed or resumed."
    )
    trouble = models.CharField(
        max_length=6,
        choices=enums.Trouble.choices,
        blank=True,
        db_default="",
        default="",
        help_text="What people were told by mail and have not been told the end of.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["org"],
                condition=~Q(state=enums.ConnectionState.NOT_CONNECTED),
                name="one_live_connection_per_org",
            ),
            models.CheckConstraint(
                condition=Q(org__isnull=False) | Q(state=enums.ConnectionState.NOT_CONNECTED),
                name="connected_connection_has_an_org",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("connection", args=[self.pk])

    def forget_cursor(self) -> None:
        """The next run reads every won deal since import_from again."""
        self.cursor_modified_at = None
        self.cursor_external_id = ""
        self.cursor_window_end = None

    def imports_from(self, *, day: date) -> bool:
        return day >= self.import_from

    @property
    def is_live(self) -> bool:
        return self.state in (enums.ConnectionState.CONNECTED, enums.ConnectionState.DEGRADED)


class ConnectionCredentials(SealedModel):
    """The secrets of one connection. Never joined to anything: read by crm_sync/credentials.py alone."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="credentials"
    )
    client_secret = SecretField(blank=True, null=True, editable=False)
    access_token = SecretField(blank=True, null=True, editable=False)
    refresh_token = SecretField(blank=True, null=True, editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "connection credentials"

    def __str__(self) -> str:
        return f"Credentials of connection {self.connection_id}"


class Authorisation(SealedModel):
    """A Salesforce authorisation that was started and has not come back yet.

    It holds the app's details: those of a connection at work are replaced only by a grant that was accepted.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    session_digest = models.CharField(max_length=64)
    state_digest = models.CharField(max_length=64, unique=True)
    verifier = SecretField(editable=False, null=True)
    client_secret = SecretField(editable=False, null=True)
    login_url = models.CharField(max_length=200)
    client_id = models.CharField(max_length=300)
    redirect_uri = models.CharField(max_length=300)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Authorisation of {self.connection}"


class ConnectionLease(models.Model):
    """Who may work on a connection. The token rises with every claim and fences off earlier holders."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="lease"
    )
    token = models.BigIntegerField(default=0)
    backend_pid = models.IntegerField(null=True)
    backend_start = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Lease of {self.connection}"


class CrmSchema(models.Model):
    """The CRM's fields and stages as last read."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="crm_schema"
    )
    fields = models.JSONField(default=list)
    stages = models.JSONField(default=list)
    fetched_at = models.DateTimeField()
    unlisted_stages = models.JSONField(
        default=list, db_default=[], help_text="Values of deals that are in no list of stages."
    )
    stage_counts = models.JSONField(
        default=dict,
        db_default={},
        help_text="Deals by the name of a stage that is not imported and might be meant.",
    )
    stages_checked_at = models.DateTimeField(null=True, help_text="When stages were read and deals counted.")

    def __str__(self) -> str:
        return f"Schema of {self.connection}"


class Alert(models.Model):
    """A mail on a connection's health or the tie-out: written with its change, sent by whoever is first."""

    connection = models.ForeignKey(
        Connection,
        on_delete=models.CASCADE,
        null=True,
        related_name="alerts",
        help_text="None where it is on the whole workspace.",
    )
    kind = models.CharField(max_length=10, choices=enums.AlertKind.choices)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    next_try_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], condition=Q(sent_at=None), name="alert_to_send")]

    def __str__(self) -> str:
        return self.subject


class FieldMapping(models.Model):
    """One of our fields fed by one CRM field."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="field_mappings")
    target = models.CharField("Fincelo field", max_length=20, choices=enums.Target.choices)
    custom_label = models.CharField(
        max_length=80, blank=True, default="", help_text="Name of a custom field; empty for the others."
    )
    custom_home = models.CharField(
        max_length=10, choices=enums.CustomFieldHome.choices, default=enums.CustomFieldHome.CONTRACT
    )
    source_object = models.CharField(
        max_length=8, choices=enums.SourceObject.choices, default=enums.SourceObject.DEAL
    )
    source_field = models.CharField(
        "CRM field", max_length=200, blank=True, default="", help_text="API name, such as Amount."
    )
    default_value = models.CharField(
        max_length=200, blank=True, default="", help_text="Used when the CRM field is empty or not chosen."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "target", "custom_label"], name="one_field_mapping_per_target"
            ),
            models.CheckConstraint(
                condition=(Q(target=enums.Target.CUSTOM) & ~Q(custom_label=""))
                | (~Q(target=enums.Target.CUSTOM) & Q(custom_label="")),
                name="custom_field_has_a_label",
            ),
        ]

    def __str__(self) -> str:
        return self.custom_label or self.get_target_display()


class Translation(models.Model):
    """What a value of the CRM's billing frequency means here."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="translations")
    raw_value = models.CharField("CRM value", max_length=200)
    billing_cycle = models.CharField(max_length=12, choices=BillingCycle.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "raw_value"], name="one_translation_per_value")
        ]

    def __str__(self) -> str:
        return f"{self.raw_value} = {self.get_billing_cycle_display()}"


class MappingVersion(models.Model):
    """A field mapping as it stood when somebody saved it. Never changed."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="mapping_versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    snapshot = models.JSONField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "number"], name="one_mapping_version_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.connection} version {self.number}"


class CrmAccount(models.Model):
    """A CRM account or company, and the customer it stands for."""

    org = models.ForeignKey(CrmOrg, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="crm_accounts")

    class Meta:
        verbose_name = "CRM account"
        constraints = [
            models.UniqueConstraint(fields=["org", "external_id"], name="one_customer_per_crm_account")
        ]

    def __str__(self) -> str:
        return f"{self.org} {self.external_id}"


class CrmDealQuerySet(models.QuerySet["CrmDeal"]):
    def held(self) -> "CrmDealQuerySet":
        return self.filter(state=enums.DealState.HELD)

    def leaving(self) -> "CrmDealQuerySet":
        """No longer won, and nothing has been decided about their contracts."""
        return self.filter(~Q(left_reason=""), state=enums.DealState.IMPORTED, left_decision="")

    def with_running_contract(self) -> "CrmDealQuerySet":
        return self.filter(contract__in=Contract.objects.billable())


class CrmDeal(models.Model):
    """The import record of one won deal. It is never deleted, so no deal becomes two contracts."""

    org = models.ForeignKey(CrmOrg, on_delete=models.PROTECT, db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="deals")
    external_id = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_LENGTH)
    stage = models.CharField(max_length=300)
    url = models.CharField(max_length=400, blank=True)
    modified_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=64, help_text="Digest of the mapped values and the mapping.")
    state = models.CharField(max_length=10, choices=enums.DealState.choices)
    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, null=True, related_name="crm_deal")
    duplicate_accepted = models.BooleanField(
        db_default=False, help_text="A person decided that this is no duplicate."
    )
    left_reason = models.CharField(
        max_length=10,
        choices=enums.LeftReason.choices,
        blank=True,
        db_default="",
        help_text="Why the deal is no longer won; empty while it is.",
    )
    left_at = models.DateTimeField(null=True)
    left_decision = models.CharField(
        max_length=10, choices=enums.LeftDecision.choices, blank=True, db_default=""
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="aliases", help_text="The surviving deal."
    )
    first_seen_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CrmDealQuerySet.as_manager()

    class Meta:
        verbose_name = "CRM deal"
        constraints = [
            models.UniqueConstraint(fields=["org", "external_id"], name="one_import_record_per_deal"),
            models.CheckConstraint(
                condition=Q(state=enums.DealState.IMPORTED, contract__isnull=False)
                | (~Q(state=enums.DealState.IMPORTED) & Q(contract__isnull=True)),
                name="imported_deal_has_its_contract",
            ),
            models.CheckConstraint(
                condition=Q(left_reason="", left_at=None) | (~Q(left_reason="") & Q(left_at__isnull=False)),
                name="left_deal_has_reason_and_moment",
            ),
            models.CheckConstraint(
                condition=Q(state=enums.DealState.MERGED, merged_into__isnull=False)
                | (~Q(state=enums.DealState.MERGED) & Q(merged_into=None)),
                name="merged_deal_names_the_survivor",
            ),
        ]
        indexes = [
            models.Index(
                fields=["org"],
                condition=~Q(left_reason="") & Q(state=enums.DealState.IMPORTED, left_decision=""),
                name="deal_leaving",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id


class HoldQuerySet(models.QuerySet["Hold"]):
    def open(self) -> "HoldQuerySet":
        return self.filter(resolved_at=None)


class Hold(models.Model):
    """A won deal that cannot be billed yet, with all its reasons."""

    crm_deal = models.ForeignKey(CrmDeal, on_delete=models.PROTECT, related_name="holds")
    code = models.CharField(
        max_length=24, choices=enums.HoldCode.choices, help_text="The first problem; the others are listed."
    )
    problems = models.JSONField(help_text="Each with code, field, raw value, sentence and cures.")
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(
        max_length=20, blank=True, db_default="", help_text="imported, dismissed or why the deal left"
    )
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField(blank=True, db_default="")

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["crm_deal"], condition=Q(resolved_at=None), name="one_open_hold_per_deal"
            )
        ]
        indexes = [
            models.Index(
                fields=["code", "-opened_at", "-id"], condition=Q(resolved_at=None), name="hold_open_by_code"
            ),
            models.Index(
                fields=["-opened_at", "-id"], condition=Q(resolved_at=None), name="hold_open_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"Hold of {self.crm_deal}"


class SyncRun(models.Model):
    """One execution of a sync: who started it, what it saw, how it ended."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="sync_runs")
    trigger = models.CharField(max_length=10, choices=enums.RunTrigger.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=enums.RunState.choices, default=enums.RunState.RUNNING)
    mapping_version = models.ForeignKey(MappingVersion, on_delete=models.PROTECT, related_name="+")
    lease_token = models.BigIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    window_from = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")
    error_kind = models.CharField(max_length=10, blank=True, default="")
    warnings = models.JSONField(default=list)
    api_calls = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(null=True, help_text="How many deals the CRM announced.")
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    suspended = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    missed = models.PositiveIntegerField(default=0, help_text="Won deals that only the sweep found.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=Q(state=enums.RunState.RUNNING), name="one_running_run"
            )
        ]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="run_newest_first"),
            models.Index(fields=["connection", "-started_at"], name="run_by_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.connection} {self.started_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("sync-run", args=[self.pk])


class SyncRecord(models.Model):
    """One deal's outcome in one run. Deals seen again unchanged are only counted."""

    run = models.ForeignKey(SyncRun, on_delete=models.PROTECT, related_name="records", db_index=False)
    crm_deal = models.ForeignKey(CrmDeal, on_delete=models.PROTECT, related_name="records")
    outcome = models.CharField(max_length=10, choices=enums.Outcome.choices)
    code = models.CharField(max_length=24, choices=enums.HoldCode.choices, blank=True, db_default="")
    sentence = models.TextField(blank=True, db_default="")
    trace = models.JSONField(default=list, help_text="Per field: raw value, transform, value.")
    changes = models.JSONField(default=list, db_default=[], help_text="Per changed field: old and new value.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["run", "outcome", "id"], name="record_by_run"),
        ]

    def __str__(self) -> str:
        return f"{self.crm_deal} {self.get_outcome_display()}"


class WonDeal(models.Model):
    """A won deal as the CRM last told of it, whatever has become of it here. The tie-out counts these.

    Written by every page of deals and proved by the daily sweep; nothing else writes here.
    """

    org = models.ForeignKey(CrmOrg, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_LENGTH)
    url = models.CharField(max_length=400, blank=True)
    close_date = models.DateField(null=True)
    day = models.DateField(help_text="Its close date; without one the day on which it was first seen.")
    currency = models.CharField(max_length=3, blank=True)
    value_minor = models.BigIntegerField(null=True, help_text="Contract Value by the mapping, if readable.")
    modified_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, help_text="Since when it is no longer won.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org", "external_id"], name="one_row_per_won_deal"),
            models.CheckConstraint(
                condition=Q(value_minor=None) | ~Q(currency=""), name="won_value_has_a_currency"
            ),
        ]
        indexes = [models.Index(fields=["day"], name="won_deal_by_day")]

    def __str__(self) -> str:
        return self.name or self.external_id


class TieOut(models.Model):
    """One month's tie-out as it was last checked."""

    month = models.DateField(unique=True, help_text="Its first day.")
    figures = models.JSONField(default=list, help_text="Line, currency, number of rows, minor units.")
    differences = models.JSONField(default=list, help_text="Those figures that should not be there.")
    checked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.month:%B %Y}"
