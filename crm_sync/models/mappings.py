"""The CRM's fields as last read, and what they feed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from contracts.enums import CustomFieldHome, CustomFieldType
from crm_sync import enums
from crm_sync.models.connections import Connection


class CrmSchema(models.Model):
    """The CRM's fields and stages as last read."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="crm_schema"
    )
    fields = models.JSONField(default=list)
    stages = models.JSONField(default=list)
    fetched_at = models.DateTimeField()
    hidden_fields = models.JSONField(
        default=list, db_default=[], help_text="What the run that had it read could not see: object and name."
    )
    gaps_since = models.DateTimeField(
        null=True,
        help_text="Deals read since then may lack what a missing field says; empty when none is missing.",
    )
    unlisted_stages = models.JSONField(
        default=list, db_default=[], help_text="Values of deals that are in no list of stages."
    )
    stage_counts = models.JSONField(
        default=dict,
        db_default={},
        help_text="Deals by the name of a stage that is not imported and might be meant.",
    )
    stages_checked_at = models.DateTimeField(null=True, help_text="When stages were read and deals counted.")

    def __str__(self) -> str:
        return f"Schema of {self.connection}"


class FieldMapping(models.Model):
    """One of our fields fed by one CRM field."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="field_mappings")
    target = models.CharField("Fincelo field", max_length=20, choices=enums.Target.choices)
    custom_label = models.CharField(
        max_length=80, blank=True, default="", help_text="Name of a custom field; empty for the others."
    )
    custom_home = models.CharField(
        max_length=10, choices=CustomFieldHome.choices, default=CustomFieldHome.CONTRACT
    )
    source_object = models.CharField(
        max_length=8, choices=enums.SourceObject.choices, default=enums.SourceObject.DEAL
    )
    source_field = models.CharField(
        "CRM field", max_length=200, blank=True, default="", help_text="API name, such as Amount."
    )
    transform = models.CharField(
        max_length=12,
        choices=enums.Transform.choices,
        blank=True,
        default="",
        db_default="",
        help_text="How the value is read. Empty: as is usual for the Fincelo field.",
    )
    number_format = models.CharField(
        max_length=14, choices=enums.NumberFormat.choices, blank=True, default="", db_default=""
    )
    term_unit = models.CharField(
        max_length=8,
        choices=enums.TermUnit.choices,
        blank=True,
        default="",
        db_default="",
        help_text="What plain numbers are. Empty: the connection's setting.",
    )
    custom_type = models.CharField(
        max_length=8,
        choices=CustomFieldType.choices,
        default=CustomFieldType.TEXT,
        db_default=CustomFieldType.TEXT.value,
    )
    is_required = models.BooleanField(
        "required", default=False, db_default=False, help_text="A deal without a value is held."
    )
    default_value = models.CharField(
        max_length=200,
        blank=True,
        default="",
        help_text="Used when the CRM field is empty or not chosen; the value itself where it is a constant.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "target", "custom_label"], name="one_field_mapping_per_target"
            ),
            models.CheckConstraint(
                condition=(Q(target=enums.Target.CUSTOM) & ~Q(custom_label=""))
                | (~Q(target=enums.Target.CUSTOM) & Q(custom_label="")),
                name="custom_field_has_a_label",
            ),
        ]

    def __str__(self) -> str:
        return self.custom_label or self.get_target_display()


class Translation(models.Model):
    """What a value of the CRM means for one of our fields."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="translations")
    target = models.CharField(
        "Fincelo field",
        max_length=20,
        choices=enums.Target.choices,
        default=enums.Target.BILLING_CYCLE,
        db_default=enums.Target.BILLING_CYCLE.value,
    )
    custom_label = models.CharField(
        max_length=80, blank=True, default="", db_default="", help_text="Name of a custom field."
    )
    raw_value = models.CharField("CRM value", max_length=200)
    value = models.CharField(
        "means",
        max_length=200,
        help_text="As it is entered here: a billing cycle, months, a code, a text.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "target", "custom_label", "raw_value"], name="one_translation_per_value"
            )
        ]

    def __str__(self) -> str:
        return f"{self.raw_value} = {self.value}"


class MappingVersion(models.Model):
    """A field mapping as it stood when somebody saved it. Never changed, but for being agreed to."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="mapping_versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    snapshot = models.JSONField()
    known_problems = models.JSONField(
        default=list, db_default=[], help_text="What the lint said when it was saved; runs tell what is new."
    )
    is_agreed = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Somebody who decides what is billed made it or agreed to it. Until then contracts that "
        "come out differently by it wait for approval.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "number"], name="one_mapping_version_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.connection} version {self.number}"
