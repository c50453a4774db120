from django.db import models
from django.db.models.functions import Now


class FailedSignIn(models.Model):
    """The wrong passwords of one day for one name from one address. Kept for 90 days."""

    MOST_ADDRESSES = 500
    """For one name on one day. Those of further addresses are counted together."""

    day = models.DateField(help_text="Of the workspace.")
    user_id = models.IntegerField(default=0, help_text="0 for names that belong to nobody: none is kept.")
    name = models.CharField(max_length=150)
    address = models.GenericIPAddressField(null=True, help_text="Empty: many addresses, counted together.")
    failed = models.PositiveIntegerField(default=0, help_text="Passwords that were wrong.")
    limited = models.PositiveIntegerField(default=0, help_text="Tries that were not looked at.")
    first_at = models.DateTimeField(db_default=Now(), editable=False)
    last_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "failed sign-in"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "user_id", "address"],
                name="one_row_of_failed_sign_ins_per_day_name_and_address",
            ),
            models.UniqueConstraint(  # nulls_distinct would have each start ask the database for its version
                fields=["day", "user_id"],
                condition=models.Q(address=None),
                name="one_row_of_failed_sign_ins_of_many_addresses",
            ),
        ]
        indexes = [models.Index(fields=["user_id", "day"], name="failed_sign_in_by_user")]

    def __str__(self) -> str:
        return f"{self.name} on {self.day}"
