"""What is kept of a CRM's accounts and deals, holds included."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, F, Q, Value
from django.db.models.functions import Least, Now

from contracts.models import NAME_LENGTH, Contract, Customer
from contracts.triggers import never_emptied
from crm_sync import enums
from crm_sync.clients.registry import facts_of
from crm_sync.models.connections import Connection, CrmOrg


class CrmAccount(models.Model):
    """A CRM account or company, and the customer it stands for."""

    org = models.ForeignKey(CrmOrg, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="crm_accounts")

    class Meta:
        verbose_name = "CRM account"
        constraints = [
            models.UniqueConstraint(fields=["org", "external_id"], name="one_customer_per_crm_account")
        ]

    def __str__(self) -> str:
        return f"{self.org} {self.external_id}"


NOT_STORED = "not stored"
"""In place of the fingerprint of a deal that the database refused: no reading of it counts as unchanged."""
TRIED_AGAIN_AFTER = timedelta(hours=1)
ASKED_AT_ONCE = 500
WAIT_FOR_COMPANY = (enums.HoldCode.NO_ACCOUNT, enums.HoldCode.CUSTOMER_NAME_MISSING)


class CrmDealQuerySet(models.QuerySet["CrmDeal"]):
    def held(self) -> "CrmDealQuerySet":
        return self.filter(state=enums.DealState.HELD)

    def ask_again(self) -> None:
        """The next runs read the held ones of these deals again, changed or not."""
        self.held().update(fingerprint="")

    def ask_again_since(self, moment: datetime) -> None:
        """The next runs read the held ones again, and the imported ones touched since the moment."""
        self.ask_again()
        self.filter(state=enums.DealState.IMPORTED, updated_at__gte=moment).update(fingerprint="")

    def ask_again_what_was_not_read(self) -> None:
        """The next runs read these deals again, held and imported ones."""
        states = (enums.DealState.HELD, enums.DealState.IMPORTED)
        self.filter(state__in=states).exclude(fingerprint=NOT_STORED).update(fingerprint="")

    def ask_again_what_was_refused(self) -> None:
        """After an upgrade: deals that the database refused are tried at once."""
        self.filter(fingerprint=NOT_STORED).update(fingerprint="")

    def to_read_again(self) -> "CrmDealQuerySet":
        """Imported deals that may have changed: the change was not read, previewed only, or refused."""
        refused = Q(fingerprint=NOT_STORED, updated_at__lt=Now() - TRIED_AGAIN_AFTER)
        return self.filter(Q(fingerprint="") | refused, state=enums.DealState.IMPORTED, left_reason="")

    def leaving(self) -> "CrmDealQuerySet":
        """No longer won, and nothing has been decided about their contracts."""
        return self.filter(~Q(left_reason=""), state=enums.DealState.IMPORTED, left_decision="")

    def with_running_contract(self) -> "CrmDealQuerySet":
        return self.filter(contract__in=Contract.objects.suspendable())


class CrmDeal(models.Model):
    """The import record of one won deal. It is never deleted, so no deal becomes two contracts."""

    org = models.ForeignKey(CrmOrg, on_delete=models.PROTECT, db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="deals")
    external_id = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_LENGTH)
    stage = models.CharField(max_length=300)
    url = models.CharField(max_length=400, blank=True)
    modified_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=64, help_text="Digest of the mapped values and the mapping.")
    state = models.CharField(max_length=10, choices=enums.DealState.choices)
    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, null=True, related_name="crm_deal")
    duplicate_accepted = models.BooleanField(
        db_default=False, help_text="A person decided that this is no duplicate."
    )
    free_accepted = models.BooleanField(
        db_default=False, help_text="A person decided that a value of zero is meant: a free contract."
    )
    needs_yes = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Somebody who does not decide what is billed has decided about it: its contract waits for "
        "approval.",
    )
    overrides = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="What people entered here. By field: value, reason, who and when. It wins over the CRM.",
    )
    billed_until = models.DateField(
        null=True, help_text="The last day that was billed elsewhere already, by a person's decision."
    )
    left_reason = models.CharField(
        max_length=10,
        choices=enums.LeftReason.choices,
        blank=True,
        db_default="",
        help_text="Why the deal is no longer won; empty while it is.",
    )
    left_at = models.DateTimeField(null=True)
    left_decision = models.CharField(
        max_length=10, choices=enums.LeftDecision.choices, blank=True, db_default=""
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="aliases", help_text="The surviving deal."
    )
    first_seen_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CrmDealQuerySet.as_manager()

    class Meta:
        triggers = [never_emptied(name="deals_are_kept", words="Imported deals")]
        verbose_name = "CRM deal"
        constraints = [
            models.UniqueConstraint(fields=["org", "external_id"], name="one_import_record_per_deal"),
            models.CheckConstraint(
                condition=Q(state=enums.DealState.IMPORTED, contract__isnull=False)
                | (~Q(state=enums.DealState.IMPORTED) & Q(contract__isnull=True)),
                name="imported_deal_has_its_contract",
            ),
            models.CheckConstraint(
                condition=Q(left_reason="", left_at=None) | (~Q(left_reason="") & Q(left_at__isnull=False)),
                name="left_deal_has_reason_and_moment",
            ),
            models.CheckConstraint(
                condition=Q(state=enums.DealState.MERGED, merged_into__isnull=False)
                | (~Q(state=enums.DealState.MERGED) & Q(merged_into=None)),
                name="merged_deal_names_the_survivor",
            ),
        ]
        indexes = [
            models.Index(
                fields=["org"],
                condition=~Q(left_reason="") & Q(state=enums.DealState.IMPORTED, left_decision=""),
                name="deal_leaving",
            ),
            models.Index(
                fields=["connection"],
                condition=Q(fingerprint="", state=enums.DealState.IMPORTED),
                name="deal_to_read_again",
            ),
            models.Index(fields=["connection"], condition=Q(fingerprint=NOT_STORED), name="deal_not_stored"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id


class RecentDeal(models.Model):
    """A deal that polls have read of late, whatever its stage, and as of which change of it."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, db_index=False)
    external_id = models.CharField(max_length=40)
    modified_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="one_memory_per_recent_deal")
        ]

    def __str__(self) -> str:
        return self.external_id


class HoldQuerySet(models.QuerySet["Hold"]):
    def open(self) -> "HoldQuerySet":
        return self.filter(resolved_at=None)

    def counts_by_code(self) -> list[tuple[str, int]]:
        """The causes of these holds, the most frequent first."""
        rows = self.order_by().values("code").annotate(number=models.Count("pk"))
        return sorted(((row["code"], row["number"]) for row in rows), key=lambda row: (-row[1], row[0]))

    def to_ask_for(self, *, connection: Connection, tried_before: datetime | None) -> "HoldQuerySet":
        """Holds whose deals are to be read again, or wait for their company, as many as one page takes.

        A deal that the database refused is tried at the next poll, then later and later, in the end once a
        day. What was read since `tried_before` is not among them. Not every CRM tells when a deal is
        given a company, or its company a name. The choice is by chance, so that each gets its turn.
        """
        tried_for = ExpressionWrapper(
            F("crm_deal__updated_at") - F("opened_at"), output_field=models.DurationField()
        )
        pause = Least(tried_for / 2, Value(timedelta(days=1)))
        tried_by = ExpressionWrapper(Now() - pause, output_field=models.DateTimeField())
        refused = Q(crm_deal__fingerprint=NOT_STORED, crm_deal__updated_at__lte=tried_by)
        wanted = Q(crm_deal__fingerprint="") | refused
        if not facts_of(connection.provider).tells_of_company:
            wanted |= Q(code__in=WAIT_FOR_COMPANY)
        held = self.open().filter(
            crm_deal__connection=connection,
            crm_deal__org=connection.org_id,
            crm_deal__state=enums.DealState.HELD,
        )
        if tried_before:
            held = held.filter(crm_deal__updated_at__lt=tried_before)
        return held.filter(wanted).order_by("?")[:ASKED_AT_ONCE]


class Hold(models.Model):
    """A won deal that cannot be billed yet, with all its reasons."""

    crm_deal = models.ForeignKey(CrmDeal, on_delete=models.PROTECT, related_name="holds")
    code = models.CharField(
        max_length=24, choices=enums.HoldCode.choices, help_text="The first problem; the others are listed."
    )
    problems = models.JSONField(help_text="Each with code, field, raw value, sentence and cures.")
    value_minor = models.BigIntegerField(null=True, help_text="What is at stake, where it can be told.")
    currency = models.CharField(max_length=3, blank=True, db_default="", default="")
    manager_email = models.CharField(
        max_length=320, blank=True, db_default="", default="", help_text="Account Manager, who is told once."
    )
    told_at = models.DateTimeField(null=True, help_text="When the account manager was told.")
    reminders = models.PositiveSmallIntegerField(db_default=0, default=0)
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(
        max_length=20, blank=True, db_default="", help_text="imported, dismissed or why the deal left"
    )
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField(blank=True, db_default="")

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["crm_deal"], condition=Q(resolved_at=None), name="one_open_hold_per_deal"
            )
        ]
        indexes = [
            models.Index(
                fields=["code", "-opened_at", "-id"], condition=Q(resolved_at=None), name="hold_open_by_code"
            ),
            models.Index(
                fields=["-opened_at", "-id"], condition=Q(resolved_at=None), name="hold_open_newest"
            ),
            models.Index(
                fields=["crm_deal"],
                condition=Q(resolved_at=None, told_at=None) & ~Q(manager_email=""),
                name="hold_to_tell",
            ),
        ]

    def __str__(self) -> str:
        return f"Hold of {self.crm_deal}"
