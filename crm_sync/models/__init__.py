"""The models of this app, by subject."""

from crm_sync.models.backfills import Backfill, BackfillDeal
from crm_sync.models.connections import (
    POLL_INTERVAL,
    SILENT_AFTER,
    WON_STAGES,
    Alert,
    Connection,
    ConnectionLease,
    ConnectionQuerySet,
    CrmOrg,
    won_stages,
)
from crm_sync.models.credentials import (
    Authorisation,
    ConnectionCredentials,
    KeyCanary,
    LooseGrant,
    TokenRenewal,
)
from crm_sync.models.deals import (
    ASKED_AT_ONCE,
    NOT_STORED,
    CrmAccount,
    CrmDeal,
    CrmDealQuerySet,
    Hold,
    HoldQuerySet,
    RecentDeal,
)
from crm_sync.models.mappings import CrmSchema, FieldMapping, MappingVersion, Translation
from crm_sync.models.policies import REMINDER_HOURS, HoldPolicy
from crm_sync.models.runs import SyncRecord, SyncRun
from crm_sync.models.tie_out import TieOut, WonDeal

__all__ = [
    "ASKED_AT_ONCE",
    "NOT_STORED",
    "Alert",
    "Authorisation",
    "Backfill",
    "BackfillDeal",
    "Connection",
    "ConnectionCredentials",
    "ConnectionLease",
    "ConnectionQuerySet",
    "CrmAccount",
    "CrmDeal",
    "CrmDealQuerySet",
    "CrmOrg",
    "CrmSchema",
    "FieldMapping",
    "Hold",
    "HoldPolicy",
    "HoldQuerySet",
    "KeyCanary",
    "LooseGrant",
    "MappingVersion",
    "POLL_INTERVAL",
    "REMINDER_HOURS",
    "RecentDeal",
    "SILENT_AFTER",
    "SyncRecord",
    "SyncRun",
    "TieOut",
    "TokenRenewal",
    "Translation",
    "WON_STAGES",
    "WonDeal",
    "won_stages",
]
