"""The record of what was synced."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from crm_sync import enums
from crm_sync.findings.values import Finding, finding_from
from crm_sync.models.connections import Connection
from crm_sync.models.deals import CrmDeal
from crm_sync.models.mappings import MappingVersion

COUNTS = tuple(
    one.value
    for one in (
        enums.Outcome.CREATED,
        enums.Outcome.UPDATED,
        enums.Outcome.HELD,
        enums.Outcome.SUSPENDED,
        enums.Outcome.REFUSED,
        enums.Outcome.FAILED,
        enums.Outcome.PREVIEWED,
        enums.Outcome.UNCHANGED,
        *enums.LookedAt,
    )
)
"""The columns of a run in which each read deal counts once."""


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
    previewed = models.PositiveIntegerField(default=0, db_default=0)
    left_won = models.PositiveIntegerField(
        default=0, db_default=0, help_text="No longer won, beside the suspended ones."
    )
    not_selected = models.PositiveIntegerField(default=0, db_default=0, help_text="In no selected stage.")
    too_early = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Won, and closed before the first day that is imported."
    )
    repeated = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Read twice on a page, or swallowed by another deal."
    )
    uncounted = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Of runs of earlier versions: read, and not counted apart."
    )
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

    @property
    def found(self) -> list[Finding]:
        """Its warnings, as values."""
        return [finding_from(entry) for entry in self.warnings]

    @property
    def sentences(self) -> list[str]:
        """Its warnings, in words."""
        return [one.sentence for one in self.found]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """(column, deals) in the order in which they are shown. In sum they are the deals read."""
        return [(name, getattr(self, name)) for name in COUNTS]


class SyncRecord(models.Model):
    """One deal's outcome in one run. Deals seen again unchanged are only counted."""

    run = models.ForeignKey(SyncRun, on_delete=models.PROTECT, related_name="records", db_index=False)
    crm_deal = models.ForeignKey(CrmDeal, on_delete=models.PROTECT, related_name="records")
    outcome = models.CharField(max_length=10, choices=enums.Outcome.choices)
    code = models.CharField(max_length=24, choices=enums.HoldCode.choices, blank=True, db_default="")
    sentence = models.TextField(blank=True, db_default="")
    problems = models.JSONField(
        default=list, db_default=[], help_text="What held the deal: code, field and value of each problem."
    )
    trace = models.JSONField(default=list, help_text="Per field: raw value, transform, value.")
    changes = models.JSONField(default=list, db_default=[], help_text="Per changed field: old and new value.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["run", "outcome", "id"], name="record_by_run"),
        ]

    def __str__(self) -> str:
        return f"{self.crm_deal} {self.get_outcome_display()}"
