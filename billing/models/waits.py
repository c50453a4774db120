"""Reasons why the billing of a contract waits, as far as they are stored."""

from django.db import models
from django.db.models.functions import Now

from billing.enums import WaitCode
from billing.models.particulars import WAITS, WAITS_BY_ITSELF
from contracts.models import Contract

__all__ = ["WAITS", "WAITS_BY_ITSELF", "BillingWait"]


class BillingWait(models.Model):
    """One reason why nothing of a contract is billed. The row goes when the reason does."""

    contract = models.ForeignKey(
        Contract, on_delete=models.PROTECT, db_index=False, related_name="billing_waits"
    )
    code = models.CharField(max_length=20, choices=WaitCode.choices)
    since = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        permissions = [("start_billing", "Can start the billing of contracts that wait")]
        constraints = [models.UniqueConstraint(fields=["contract", "code"], name="one_wait_per_reason")]

    def __str__(self) -> str:
        return f"{self.get_code_display()}: {self.contract}"
