"""Connections: an authorised link to one CRM org, who may work on it, and the mails on its health."""

from datetime import date, timedelta

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Greatest, Now
from django.urls import reverse

from contracts.enums import BillingTiming, LeadDays
from crm_sync import enums
from crm_sync.clients.registry import provider_choices
from crm_sync.findings.values import Finding, finding_from
from fincelo.validators import CONTROL, one_line

POLL_INTERVAL = timedelta(minutes=5)
SILENT_AFTER = 3 * POLL_INTERVAL
WON_STAGES = ("Closed Won",)
MOST_NEW_DEALS = 20
"""So many new won deals in one sync are ordinary. More look like a mistaken mass update: a person decides."""


def won_stages() -> list[str]:
    return list(WON_STAGES)


class CrmOrg(models.Model):
    """A company's place in its CRM. Everything imported is keyed by it, so that orgs never mix."""

    provider = models.CharField(max_length=40, choices=provider_choices)
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
        """Live, and without a complete run for three intervals, unless a run is storing pages right now.

        A pause that a complete run has ended with is no silence; one that a refusal asked for is.
        """
        at_work = ConnectionLease.objects.filter(connection=OuterRef("pk"), expires_at__gt=Now())
        heard = self.live().annotate(heard_at=Greatest("created_at", "live_since", "last_success_at"))
        silent = heard.filter(~Exists(at_work), heard_at__lt=Now() - SILENT_AFTER)
        return silent.exclude(state_reason="", not_before__gt=Now() - SILENT_AFTER)


class Connection(models.Model):
    """An authorised link to one CRM org, with its settings and its cursor."""

    provider = models.CharField(max_length=40, choices=provider_choices)
    name = models.CharField(
        max_length=100,
        unique=True,
        help_text="Shown wherever this connection is named.",
        validators=[one_line],
    )
    org = models.ForeignKey(CrmOrg, on_delete=models.PROTECT, null=True, related_name="connections")
    state = models.CharField(
        max_length=14, choices=enums.ConnectionState.choices, default=enums.ConnectionState.NOT_CONNECTED
    )
    state_reason = models.TextField(blank=True, help_text="One sentence: what happened and what to do.")
    warnings = models.JSONField(default=list, blank=True, help_text="What was found, by code, and its facts.")
    standing = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text="Those warnings that stay until their own cause is gone, by its code.",
    )
    login_url = models.CharField(max_length=200, blank=True)
    instance_url = models.CharField(max_length=200, blank=True)
    client_id = models.CharField(
        max_length=300, blank=True, help_text="Consumer key of the app in the customer's org."
    )
    api_version = models.CharField(max_length=12, blank=True)
    connected_as = models.CharField(
        max_length=120, blank=True, db_default="", default="", help_text="User name of whoever authorised it."
    )
    import_from = models.DateField(help_text="Deals closed before this day are never imported.")
    automatic_from = models.DateField(
        null=True,
        editable=False,
        help_text=(
            "Deals that closed before this day are imported once somebody has started billing on the page of "
            "the import. Empty: none waits for that."
        ),
    )
    most_new_deals = models.PositiveSmallIntegerField(
        "most new deals in an hour",
        default=MOST_NEW_DEALS,
        db_default=MOST_NEW_DEALS,
        help_text=(
            "When more new won deals than this come within an hour, or one sync brings far more value than "
            "usual, they are imported, and their billing waits until somebody has started it on this page."
        ),
    )
    answered_record = models.BigIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text=(
            "The last sync record that was there when somebody answered for new deals, or chose the mode. "
            "What came by then does not count towards the most new deals in an hour."
        ),
    )
    mode = models.CharField(
        max_length=8,
        choices=enums.ConnectionMode.choices,
        default=enums.ConnectionMode.LIVE,
        db_default=enums.ConnectionMode.LIVE.value,
    )
    billed_until = models.DateField(
        null=True,
        blank=True,
        help_text="The last day that was billed elsewhere already, for every deal that is imported.",
    )
    default_currency = models.CharField(max_length=3, help_text="For deals that name no currency.")
    told_currency = models.CharField(
        max_length=3,
        blank=True,
        default="",
        db_default="",
        help_text="The currency that the CRM calls its own.",
    )
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="UTC",
        help_text="Empty while it is not known; then nothing is imported.",
    )
    facts_learnt_at = models.DateTimeField(
        null=True, help_text="When the CRM last told its name, zone and currency."
    )
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
    cursor_reached_at = models.DateTimeField(null=True)
    read_mark = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        default="",
        help_text="For which cursor, mapping and settings the deals that were read of late are remembered.",
    )
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
        permissions = [("change_billing_meaning", "Can change what the deals of a connection come to")]
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
            models.CheckConstraint(condition=~Q(name__regex=CONTROL), name="connection_name_is_one_line"),
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
        self.cursor_reached_at = None

    def imports_from(self, *, day: date) -> bool:
        return day >= self.import_from

    @property
    def imports_by_itself_from(self) -> date:
        """The first closing day of deals that runs bring in. Mode Preview only shows, so it shows all."""
        if self.automatic_from is None or self.mode == enums.ConnectionMode.PREVIEW:
            return self.import_from
        return max(self.import_from, self.automatic_from)

    @property
    def asks_for_start(self) -> bool:
        """Whether earlier deals wait until somebody has looked at their preview and started billing."""
        return (
            self.is_live
            and self.mapping_version_id is not None
            and self.imports_by_itself_from > self.import_from
        )

    def ask_for_start(self, *, since: date) -> list[str]:
        """Deals that closed before that day wait from now on; the columns that are to be saved."""
        self.automatic_from = since if since > self.import_from else None
        return ["automatic_from"]

    @property
    def found(self) -> list[Finding]:
        """Its warnings, as values."""
        return [finding_from(entry) for entry in self.warnings]

    @property
    def sentences(self) -> list[str]:
        """Its warnings, in words."""
        return [one.sentence for one in self.found]

    @property
    def is_live(self) -> bool:
        return self.state in (enums.ConnectionState.CONNECTED, enums.ConnectionState.DEGRADED)


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


class Alert(models.Model):
    """A mail on a connection, on holds or the tie-out: written with its change, sent by whoever is first."""

    connection = models.ForeignKey(
        Connection,
        on_delete=models.CASCADE,
        null=True,
        related_name="alerts",
        help_text="None where it is on the whole workspace.",
    )
    kind = models.CharField(max_length=10, choices=enums.AlertKind.choices)
    recipient = models.CharField(
        max_length=320, blank=True, db_default="", default="", help_text="Empty: everyone who gets alarms."
    )
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
