from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.enums import AskReason, BillingRunState, BillingTrigger, InstalmentState, ScheduleState
from billing.models.triggers import never_emptied
from contracts.models import Contract


class BillingSchedule(models.Model):
    """The plan by which one contract is billed. With this row the Smart Billing Agent is activated."""

    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, related_name="billing_schedule")
    state = models.CharField(max_length=10, choices=ScheduleState.choices)
    asks_because = models.CharField(
        max_length=10,
        choices=AskReason.choices,
        db_default=AskReason.MISSED.value,
        help_text="Why it needs a decision, while it does.",
    )
    has_short_period = models.BooleanField(
        db_default=False, help_text="The term is no multiple of the cycle: the last period is shorter."
    )
    activated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [never_emptied(name="schedules_are_kept", words="Billing schedules")]

    def __str__(self) -> str:
        return f"Schedule of {self.contract}"


class Instalment(models.Model):
    """One billing period: what it costs and the day from which it may be billed."""

    schedule = models.ForeignKey(
        BillingSchedule, on_delete=models.PROTECT, related_name="instalments", db_index=False
    )
    sequence = models.PositiveSmallIntegerField(help_text="1 for the first period.")
    period_start = models.DateField()
    period_end = models.DateField(help_text="The first day after the period.")
    amount_minor = models.BigIntegerField()
    billing_date = models.DateField()
    state = models.CharField(
        max_length=16, choices=InstalmentState.choices, db_default=InstalmentState.PLANNED.value
    )
    parked_by = models.ForeignKey(
        "BillingRun",
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="parked_instalments",
        help_text="The run that found it to exceed a bound, until somebody has decided.",
    )
    is_cleared = models.BooleanField(
        db_default=False, help_text="Somebody has decided that it is billed whatever the bounds say."
    )

    class Meta:
        triggers = [never_emptied(name="instalments_are_kept", words="Instalments")]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "sequence"], name="one_instalment_per_place"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="instalment_amount_is_positive"),
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")), name="instalment_period_has_days"
            ),
        ]
        indexes = [
            models.Index(
                fields=["billing_date", "id"],
                condition=Q(state=InstalmentState.PLANNED),
                name="instalment_planned_by_date",
            ),
            models.Index(
                fields=["parked_by"],
                condition=Q(parked_by__isnull=False),
                name="instalment_parked_by_run",
            ),
        ]

    def __str__(self) -> str:
        return f"Instalment {self.sequence} of {self.schedule}"


class BillingRun(models.Model):
    """One pass of the Smart Billing Agent."""

    trigger = models.CharField(max_length=10, choices=BillingTrigger.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    as_of = models.DateField()
    state = models.CharField(
        max_length=10, choices=BillingRunState.choices, db_default=BillingRunState.RUNNING.value
    )
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True)
    issued = models.PositiveIntegerField(db_default=0)
    failed = models.PositiveIntegerField(db_default=0)
    drafted = models.PositiveIntegerField(db_default=0, help_text="Left for approval.")
    totals = models.JSONField(
        default=dict,
        db_default={},
        help_text="By currency: what was issued or drafted, as the contracts say.",
    )
    caught_up_since = models.DateField(
        null=True, help_text="The first day on which nothing had been billed, where it caught up an outage."
    )
    parked = models.JSONField(
        default=list, db_default=[], help_text="What exceeded the usual: currency, invoices, minor units."
    )
    problems = models.JSONField(
        default=list, db_default=[], help_text="Contract and sentence of each failure."
    )
    backend_pid = models.IntegerField(null=True, help_text="The database session of the process at work.")
    backend_start = models.DateTimeField(null=True)

    class Meta:
        triggers = [never_emptied(name="billing_runs_are_kept", words="Billing runs")]
        indexes = [models.Index(fields=["-started_at"], name="billing_run_newest_first")]

    def __str__(self) -> str:
        return f"Billing as of {self.as_of}"
