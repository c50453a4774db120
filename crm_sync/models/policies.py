"""What finance has decided on holds."""

from django.db import models
from django.db.models import Q

REMINDER_HOURS = (42, 66, 90)


def reminder_hours() -> list[int]:
    return list(REMINDER_HOURS)


class HoldPolicy(models.Model):
    """When people are reminded of deals that are still held. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    reminder_hours = models.JSONField(
        default=reminder_hours,
        blank=True,
        help_text="Hours after a deal was held, such as 42, 66, 90. Empty: nobody is reminded.",
    )

    class Meta:
        verbose_name_plural = "hold policies"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="hold_policy_is_one")]

    def __str__(self) -> str:
        return "Hold policy"
