"""Won deals as the CRM told of them, and whether a month ties out."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from contracts.models import NAME_LENGTH
from crm_sync.models.connections import CrmOrg


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
