import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.enums import SeriesKind
from billing.models.legal_entities import LegalEntity
from billing.models.triggers import kept_as_made, never_emptied
from billing.values import SeriesKey


class DatabaseMark(models.Model):
    """Which database this is, so that a copy of it is recognised. One row.

    A backup carries the row along; what the server says of itself differs where the backup was restored.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    lineage = models.UUIDField(default=uuid.uuid4, help_text="The same in every copy of this database.")
    system_identifier = models.BigIntegerField()
    database_oid = models.BigIntegerField()
    invoice_table_oid = models.BigIntegerField()
    timeline = models.BigIntegerField()
    is_witnessed = models.BooleanField(
        db_default=False, help_text="The file of the outside witness has begun, so it must be there."
    )
    marked_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="database_mark_is_one")]

    def __str__(self) -> str:
        return "Mark of the database"


class NumberGap(models.Model):
    """Numbers that left the house and are not stored: the database was restored from an older backup."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, db_index=False)
    kind = models.CharField(max_length=11, choices=SeriesKind.choices)
    year = models.PositiveSmallIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    reason = models.CharField(max_length=500)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="number_gap_has_numbers"),
            models.UniqueConstraint(
                fields=["legal_entity", "kind", "year", "first"], name="one_number_gap_per_first_number"
            ),
        ]
        triggers = [
            kept_as_made(name="number_gap_is_kept", what="A gap of numbers"),
            never_emptied(name="number_gaps_are_kept", words="Gaps of numbers"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.year}: {self.first} to {self.last}"

    @property
    def key(self) -> SeriesKey:
        return SeriesKey(legal_entity_id=self.legal_entity_id, kind=self.kind, year=self.year)
