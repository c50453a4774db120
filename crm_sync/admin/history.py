"""Runs, records, deals, holds, and what they belong to."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from contracts.admin.read_only import MachineWrittenAdmin, link, pretty, related_list
from crm_sync.admin.replay import ReplayAdmin, replay
from crm_sync.enums import Outcome
from crm_sync.models import CrmAccount, CrmDeal, CrmOrg, Hold, MappingVersion, SyncRecord, SyncRun

DEAL_ID = "The deal's whole ID in the CRM."


@admin.register(CrmOrg)
class CrmOrgAdmin(MachineWrittenAdmin):
    list_display = ["name", "provider", "external_id", "kind"]
    list_filter = ["provider"]
    search_fields = ["external_id__exact"]
    ordering = ["id"]
    facts = [
        "provider",
        "external_id",
        "name",
        "kind",
        related_list("crm_sync.connection", by="org", label="connections"),
        related_list("crm_sync.crmdeal", by="org", label="deals"),
    ]


@admin.register(CrmAccount)
class CrmAccountAdmin(MachineWrittenAdmin):
    list_display = ["external_id", link("org"), link("customer")]
    list_filter = ["org"]
    list_select_related = ["org", "customer"]
    search_fields = ["external_id__exact"]
    search_help_text = "The account's or company's whole ID in the CRM."
    ordering = ["-id"]
    facts = ["org", "external_id", "customer"]


@admin.register(MappingVersion)
class MappingVersionAdmin(MachineWrittenAdmin):
    list_display = ["__str__", link("connection"), "number", "author", "created_at"]
    list_filter = ["connection"]
    list_select_related = ["connection", "author"]
    ordering = ["-id"]
    facts = ["connection", "number", "author", "created_at", pretty("snapshot")]


@admin.register(SyncRun)
class SyncRunAdmin(ReplayAdmin, MachineWrittenAdmin):
    list_display = [
        "started_at",
        link("connection"),
        "trigger",
        "actor",
        "state",
        "seen",
        "result",
    ]
    list_filter = ["connection", "state", "trigger", "started_at"]
    list_select_related = ["connection", "actor"]
    ordering = ["-started_at", "-id"]
    actions = ["replay_deals"]
    facts = [
        "connection",
        "trigger",
        "actor",
        "state",
        link("mapping_version"),
        "started_at",
        "finished_at",
        "window_from",
        "error",
        "error_kind",
        pretty("sentences", label="warnings"),
        "api_calls",
        "pages",
        "seen",
        "expected",
        "created",
        "updated",
        "unchanged",
        "held",
        "suspended",
        "refused",
        "failed",
        related_list("crm_sync.syncrecord", by="run", label="deals of this run"),
    ]

    @admin.display(description="result")
    def result(self, run: SyncRun) -> str:
        counts = ((getattr(run, outcome.value), outcome.label.lower()) for outcome in Outcome)
        return ", ".join(f"{number:,} {word}" for number, word in counts if number)

    @admin.action(description="Replay the deals of the selected runs", permissions=["replay"])
    def replay_deals(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> None:
        records = SyncRecord.objects.filter(run__in=queryset.order_by().values("pk"))
        replay(request, deals=CrmDeal.objects.filter(pk__in=records.values("crm_deal")))


@admin.register(SyncRecord)
class SyncRecordAdmin(ReplayAdmin, MachineWrittenAdmin):
    list_display = ["created_at", link("crm_deal", label="deal"), "outcome", "code", "sentence", link("run")]
    list_filter = ["outcome", "code", "run__connection"]
    list_select_related = ["crm_deal", "run__connection"]
    search_fields = ["crm_deal__external_id__exact"]
    search_help_text = DEAL_ID
    ordering = ["-id"]
    actions = ["replay_deals"]
    facts = [
        link("run"),
        link("crm_deal", label="deal"),
        link("crm_deal__contract"),
        "outcome",
        "code",
        "sentence",
        pretty("trace"),
        pretty("changes"),
        "created_at",
    ]

    @admin.action(description="Replay the selected deals", permissions=["replay"])
    def replay_deals(self, request: HttpRequest, queryset: QuerySet[SyncRecord]) -> None:
        replay(request, deals=CrmDeal.objects.filter(pk__in=queryset.order_by().values("crm_deal")))


@admin.register(CrmDeal)
class CrmDealAdmin(ReplayAdmin, MachineWrittenAdmin):
    list_display = [
        "name",
        "external_id",
        "stage",
        "state",
        link("connection"),
        link("contract"),
        "updated_at",
    ]
    list_filter = ["state", "left_reason", "connection"]
    list_select_related = ["connection", "contract"]
    search_fields = ["external_id__exact"]
    search_help_text = DEAL_ID
    ordering = ["-id"]
    actions = ["replay_deals"]
    facts = [
        "name",
        "external_id",
        "org",
        "connection",
        "stage",
        "state",
        "contract",
        "modified_at",
        "left_reason",
        "left_at",
        "left_decision",
        "merged_into",
        "duplicate_accepted",
        "first_seen_at",
        "updated_at",
        related_list("crm_sync.syncrecord", by="crm_deal", label="sync records"),
        related_list("crm_sync.hold", by="crm_deal", label="holds"),
    ]

    @admin.action(description="Replay the selected deals", permissions=["replay"])
    def replay_deals(self, request: HttpRequest, queryset: QuerySet[CrmDeal]) -> None:
        replay(request, deals=queryset)


@admin.register(Hold)
class HoldAdmin(ReplayAdmin, MachineWrittenAdmin):
    list_display = [
        "opened_at",
        link("crm_deal", label="deal"),
        "code",
        "resolution",
        "resolved_by",
        "resolved_at",
    ]
    list_filter = [("resolved_at", admin.EmptyFieldListFilter), "code", "crm_deal__connection"]
    list_select_related = ["crm_deal", "resolved_by"]
    search_fields = ["crm_deal__external_id__exact"]
    search_help_text = DEAL_ID
    ordering = ["-id"]
    actions = ["replay_deals"]
    facts = [
        link("crm_deal", label="deal"),
        "code",
        pretty("problems"),
        "opened_at",
        "resolved_at",
        "resolution",
        "resolved_by",
        "reason",
    ]

    @admin.action(description="Replay the deals of the selected holds", permissions=["replay"])
    def replay_deals(self, request: HttpRequest, queryset: QuerySet[Hold]) -> None:
        replay(request, deals=CrmDeal.objects.filter(pk__in=queryset.order_by().values("crm_deal")))
