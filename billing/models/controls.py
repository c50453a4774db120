from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.enums import ControlKind, ControlOutcome
from contracts.models import Customer
from contracts.triggers import never_emptied


class ControlChange(models.Model):
    """What one person asks for and another confirms, or what one person did alone within the limit."""

    kind = models.CharField(max_length=10, choices=ControlKind.choices)
    outcome = models.CharField(max_length=10, choices=ControlOutcome.choices, default=ControlOutcome.OPEN)
    subject = models.CharField(max_length=60, help_text="What it changes. One open request for each.")
    sentence = models.CharField(max_length=300, help_text="What it comes to, for whoever confirms it.")
    payload = models.JSONField(default=dict)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=3, blank=True, default="")
    amount_minor = models.BigIntegerField(null=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    request_told_at = models.DateTimeField(null=True, help_text="When the approvers got mail of the request.")
    decision_told_at = models.DateTimeField(null=True, help_text="When they got mail of the decision.")

    class Meta:
        triggers = [never_emptied(name="control_changes_are_kept", words="Decisions of two people")]
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], condition=Q(outcome=""), name="one_open_request_per_subject"
            ),
            models.CheckConstraint(
                condition=~Q(outcome=ControlOutcome.CONFIRMED) | ~Q(requested_by=F("decided_by")),
                name="two_people_confirm_a_control",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_by=None, decided_at=None)
                | ~Q(outcome="") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="control_is_decided_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["customer", "currency"], name="control_by_customer")]

    def __str__(self) -> str:
        return self.sentence
