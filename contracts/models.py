from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower, Now, Replace, Upper
from django.urls import reverse

from contracts.enums import (
    BillingCycle,
    BillingTiming,
    ContractState,
    CustomerKind,
    CustomFieldHome,
    CustomFieldType,
    Language,
    LeadDays,
    PageFormat,
)
from contracts.party_columns import PartyColumns, country_is_a_code, text
from contracts.triggers import appended_only, never_emptied, stamped, values_fit
from fincelo.validators import one_line

NAME_LENGTH = 500


class Workspace(models.Model):
    """The one company that uses this installation."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=200, default="Fincelo", validators=[one_line])
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        help_text="IANA name, such as Europe/Berlin. Billing dates are calendar dates in this zone.",
    )
    default_currency = models.CharField(
        max_length=3,
        blank=True,
        default="",
        db_default="",
        help_text="Offered when a CRM is connected, for deals that name no currency of their own.",
    )

    page_format = models.CharField(
        "days and numbers",
        max_length=5,
        choices=PageFormat.choices,
        default=PageFormat.ENGLISH,
        db_default=PageFormat.ENGLISH.value,
        help_text="As all pages write them. Files stay as machines read them, documents as customers do.",
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="workspace_is_one")]

    def __str__(self) -> str:
        return self.name


class CustomField(models.Model):
    """A field that a finance team added to its customers or contracts. Values are kept under its label."""

    home = models.CharField(max_length=10, choices=CustomFieldHome.choices)
    label = models.CharField(max_length=80, validators=[one_line])
    type = models.CharField(max_length=8, choices=CustomFieldType.choices, default=CustomFieldType.TEXT)
    on_invoice = models.BooleanField(
        "printed on invoices", default=False, db_default=False, help_text="From the next invoice on."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["home", "label"], name="one_custom_field_per_label"),
            models.CheckConstraint(condition=~Q(label=""), name="custom_field_is_named"),
        ]

    def __str__(self) -> str:
        return self.label


class CustomerQuerySet(models.QuerySet["Customer"]):
    def current(self) -> "CustomerQuerySet":
        return self.filter(archived_at=None)


class Customer(PartyColumns):
    """Who is billed.

    `entered`: the groups of columns that people keep here (`contracts.particulars.GROUPS`); what the CRM says
    of them is in `source_values`, until the group is taken back.
    """

    name = models.CharField(max_length=NAME_LENGTH)
    printed_name = text(
        NAME_LENGTH, help_text="Printed in place of the name, as where no font has its letters."
    )
    billing_email = models.CharField(max_length=320, blank=True, db_default="")
    kind = models.CharField(
        max_length=8,
        choices=CustomerKind.choices,
        default=CustomerKind.BUSINESS,
        db_default=CustomerKind.BUSINESS.value,
    )
    buyer_id = text(64, verbose_name="buyer ID")
    buyer_reference = text(100, help_text="Of public customers, such as a Leitweg-ID.")
    accounting_reference = text(100)
    po_required = models.BooleanField(
        "PO number required",
        default=False,
        db_default=False,
        help_text="Invoices wait for the purchase order number of their contract.",
    )
    ship_name = text(NAME_LENGTH)
    ship_post_code = text(20)
    ship_city = text(100)
    ship_country = text(2)
    entered = models.JSONField(default=list, db_default=[], blank=True, editable=False)
    source_values = models.JSONField(default=dict, db_default={}, blank=True, editable=False)
    language = models.CharField(
        max_length=2, choices=Language.choices, default=Language.ENGLISH, db_default=Language.ENGLISH.value
    )
    custom_fields = models.JSONField(default=dict, blank=True, db_default={})
    tax_rate = models.PositiveIntegerField(
        null=True, blank=True, help_text="In thousandths of a percent. Empty: the legal entity's default."
    )
    payment_terms_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days until an invoice is due. Empty: the legal entity's."
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        triggers = [
            *values_fit(CustomFieldHome.CUSTOMER),
            never_emptied(name="customers_are_kept", words="Customers"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="customer_has_a_name"),
            country_is_a_code("customer_country_is_a_code"),
            models.CheckConstraint(
                condition=Q(tax_rate=None) | Q(tax_rate__lt=100_000), name="customer_tax_rate_is_a_rate"
            ),
        ]
        indexes = [
            models.Index(Upper("name"), "id", name="customer_by_name"),
            GinIndex(SearchVector("name", config="simple"), name="customer_by_words"),
            models.Index(OpClass(Lower("billing_email"), "text_pattern_ops"), name="customer_by_mail"),
            models.Index(Upper(Replace("vat_id", Value(" "), Value(""))), name="customer_by_vat_id"),
            models.Index(Upper(Replace("tax_number", Value(" "), Value(""))), name="customer_by_tax_number"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("customer", args=[self.pk])


class ContractQuerySet(models.QuerySet["Contract"]):
    def billable(self) -> "ContractQuerySet":
        return self.filter(state__in=[ContractState.SCHEDULED, ContractState.ACTIVE])

    def awaiting(self) -> "ContractQuerySet":
        return self.filter(state=ContractState.AWAITING_APPROVAL)

    def suspendable(self) -> "ContractQuerySet":
        """Billable, or on the way to it."""
        return self.filter(
            state__in=[ContractState.AWAITING_APPROVAL, ContractState.SCHEDULED, ContractState.ACTIVE]
        )


class Contract(models.Model):
    """What a customer has agreed to pay, for how long, and how often it is billed."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contracts")
    name = models.CharField(max_length=NAME_LENGTH)
    currency = models.CharField(max_length=3)
    value_minor = models.BigIntegerField(help_text="Contract Value in the currency's smallest unit.")
    start_date = models.DateField()
    end_date = models.DateField(help_text="The first day after the term.")
    duration_months = models.PositiveSmallIntegerField()
    billing_cycle = models.CharField(max_length=12, choices=BillingCycle.choices)
    billing_timing = models.CharField(
        max_length=12, choices=BillingTiming.choices, db_default=BillingTiming.IN_ADVANCE.value
    )
    lead_days = models.PositiveSmallIntegerField(choices=LeadDays.choices, db_default=0)
    state = models.CharField(max_length=20, choices=ContractState.choices)
    needs_approval = models.BooleanField(
        default=False, db_default=False, help_text="Nobody has approved it yet, so nothing of it is billed."
    )
    account_manager_email = models.CharField(max_length=320, blank=True, db_default="")
    po_number = models.CharField(max_length=100, blank=True, db_default="")
    custom_fields = models.JSONField(default=dict, blank=True, db_default={})
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ContractQuerySet.as_manager()

    class Meta:
        triggers = [
            *values_fit(CustomFieldHome.CONTRACT),
            never_emptied(name="contracts_are_kept", words="Contracts"),
        ]
        permissions = [
            ("approve_contract", "Can approve and reject contracts"),
            ("export_records", "Can export tables"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=ContractState.AWAITING_APPROVAL, needs_approval=True)
                | Q(state=ContractState.SUSPENDED)
                | (
                    ~Q(state__in=[ContractState.AWAITING_APPROVAL, ContractState.SUSPENDED])
                    & Q(needs_approval=False)
                ),
                name="contract_is_billed_once_approved",
            ),
            models.CheckConstraint(condition=Q(value_minor__gte=0), name="contract_value_is_not_negative"),
            models.CheckConstraint(condition=Q(end_date__gt=F("start_date")), name="contract_term_has_days"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="contract_currency_is_a_code"
            ),
            models.CheckConstraint(
                condition=Q(duration_months__gte=1, duration_months__lte=1200),
                name="contract_duration_is_1_to_1200_months",
            ),
        ]
        indexes = [
            models.Index(fields=["-start_date", "-id"], name="contract_newest_first"),
            GinIndex(SearchVector("name", config="simple"), name="contract_by_words"),
            models.Index(OpClass(Upper("po_number"), "text_pattern_ops"), name="contract_by_po"),
            models.Index(fields=["value_minor"], name="contract_by_value"),
            models.Index(fields=["state", "-start_date", "-id"], name="contract_by_state"),
            models.Index(
                fields=["customer", "start_date", "currency", "value_minor"],
                name="contract_duplicate_suspects",
            ),
            models.Index(
                fields=["end_date"], condition=Q(state=ContractState.ACTIVE), name="contract_active_by_end"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("contract", args=[self.pk])


class AuditEntry(models.Model):
    """Who changed what, when, why and from where. Only ever appended to.

    The table has two more columns, `system` and `xid`: the server and its transaction that wrote the row, by
    which rows are sealed (contracts/sealing.py).
    """

    at = models.DateTimeField(db_default=Now(), editable=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=200, help_text="The user's name, or the command or task.")
    address = models.GenericIPAddressField(
        null=True, help_text="Where the request came from. Empty for commands and tasks."
    )
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    object_name = models.CharField(max_length=NAME_LENGTH)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["object_type", "object_id", "-id"], name="audit_by_object")]
        triggers = [*appended_only(name="audit_is_append_only"), stamped(name="audit_is_stamped")]

    def __str__(self) -> str:
        return f"{self.action} {self.object_name}"


class AuditSeal(models.Model):
    """A digest over the entries that some transactions wrote and over the seal before.

    An entry that is changed, added or taken away afterwards no longer fits it.
    """

    system = models.BigIntegerField(help_text="The identifier of the server in which they were written.")
    from_xid = models.BigIntegerField(help_text="The first transaction.")
    until_xid = models.BigIntegerField(help_text="The first transaction of the next seal.")
    entries = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = appended_only(name="audit_seals_are_append_only")
        constraints = [
            models.UniqueConstraint(fields=["system", "from_xid"], name="one_audit_seal_per_place"),
            models.CheckConstraint(condition=Q(entries__gt=0), name="audit_seal_has_entries"),
            models.CheckConstraint(condition=Q(until_xid__gt=F("from_xid")), name="audit_seal_has_a_span"),
        ]

    def __str__(self) -> str:
        return f"Seal {self.pk} of {self.entries} entries"
