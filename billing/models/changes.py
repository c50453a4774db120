"""What the CRM says otherwise than a contract that has been invoiced."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from billing.enums import ChangeKind, ChangeOrigin, ChangeState
from contracts.models import Contract


class ContractChangeQuerySet(models.QuerySet["ContractChange"]):
    def open(self) -> "ContractChangeQuerySet":
        return self.filter(state=ChangeState.OPEN)


class ContractChange(models.Model):
    """One open item per contract: what the CRM says now, until somebody has decided or it goes back.

    `before` and `after` have the same keys, those of `billing.changing.fields`, and JSON values of one form.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="changes")
    origin = models.CharField(
        max_length=4,
        choices=ChangeOrigin.choices,
        db_default=ChangeOrigin.CRM.value,
        default=ChangeOrigin.CRM,
    )
    kind = models.CharField(max_length=10, choices=ChangeKind.choices)
    state = models.CharField(max_length=10, choices=ChangeState.choices, default=ChangeState.OPEN)
    revision = models.PositiveIntegerField(default=1, help_text="Rises whenever the CRM says something else.")
    before = models.JSONField(help_text="By field: what the contract says.")
    after = models.JSONField(help_text="By field: what the CRM says.")
    reason = models.TextField(blank=True, default="", help_text="Why it was withdrawn.")
    first_seen_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(db_default=Now(), help_text="When the CRM said something else last.")
    decided_at = models.DateTimeField(null=True, help_text="When it was withdrawn.")
    told_at = models.DateTimeField(null=True, help_text="When finance was told by mail.")

    objects = ContractChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(state=ChangeState.OPEN, origin=ChangeOrigin.CRM),
                name="one_open_crm_change_per_contract",
            ),
            models.CheckConstraint(
                condition=Q(state=ChangeState.OPEN, decided_at=None)
                | (~Q(state=ChangeState.OPEN) & Q(decided_at__isnull=False)),
                name="change_is_open_until_it_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-first_seen_at", "-id"],
                condition=Q(state=ChangeState.OPEN),
                name="change_open_newest",
            ),
        ]

    def __str__(self) -> str:
        return f"Change of {self.contract}"

    def get_absolute_url(self) -> str:
        return f"{reverse('changes')}#change-{self.pk}"
