from django.db import models
from django.db.models import Q

from billing.enums import BillingMode, LimitKind
from contracts.triggers import never_emptied


class BillingPolicy(models.Model):
    """How much the Smart Billing Agent may do automatically, and which days are closed. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    mode = models.CharField(
        max_length=10,
        choices=BillingMode.choices,
        default=BillingMode.AUTO,
        db_default=BillingMode.AUTO.value,
        help_text="Auto issues what is due. Approve leaves drafts in a queue for a person.",
    )
    locked_until = models.DateField(
        null=True,
        blank=True,
        help_text="The last day of the closed period. No document or payment is dated up to it.",
    )

    class Meta:
        triggers = [never_emptied(name="billing_policy_is_kept", words="Billing policies")]
        verbose_name_plural = "billing policies"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="billing_policy_is_one")]

    def __str__(self) -> str:
        return "Billing policy"


class ApprovalLimit(models.Model):
    """Above which amount in a currency a document waits for a person."""

    kind = models.CharField(max_length=11, choices=LimitKind.choices)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(
        null=True, help_text="In the currency's smallest unit. Empty: no limit, by an explicit decision."
    )

    class Meta:
        triggers = [never_emptied(name="limits_are_kept", words="Limits")]
        constraints = [
            models.UniqueConstraint(fields=["kind", "currency"], name="one_limit_per_kind_and_currency"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="limit_is_an_amount"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="limit_currency_is_a_code"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} in {self.currency}"
