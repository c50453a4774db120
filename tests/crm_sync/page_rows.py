"""Rows as the pages of the CRM show them, complete unless told otherwise."""

from datetime import UTC, date, datetime
from typing import Any

from crm_sync.enums import ConnectionState, DealState, HoldCode, Outcome, RunState, RunTrigger
from crm_sync.models import (
    Connection,
    CrmDeal,
    CrmOrg,
    CrmSchema,
    FieldMapping,
    Hold,
    MappingVersion,
    SyncRecord,
    SyncRun,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FIELDS = [
    ("deal", "Amount", "Amount", "currency"),
    ("deal", "CloseDate", "Close Date", "date"),
    ("deal", "Description", "Description", "textarea"),
    ("deal", "Contract_Term__c", "Contract Term", "double"),
    ("deal", "Billing_Frequency__c", "Billing Frequency", "picklist"),
    ("account", "Name", "Account Name", "string"),
    ("owner", "Email", "Email", "email"),
]
FREQUENCIES = [("Monthly", "Monthly"), ("Bi-annual", "Bi-annual")]
MAPPED = {
    "customer_name": ("account", "Name"),
    "contract_value": ("deal", "Amount"),
    "start_date": ("deal", "CloseDate"),
    "duration": ("deal", "Contract_Term__c"),
    "billing_cycle": ("deal", "Billing_Frequency__c"),
}


def connect(name: str = "Salesforce", *, is_confirmed: bool = True, **fields: Any) -> Connection:
    """A connected Salesforce with schema and mapping; `state` not_connected gives one that was disconnected."""
    provider = fields.pop("provider", "salesforce")
    org = CrmOrg.objects.create(
        provider=provider, external_id=f"00D{name}", name=f"{name} org", kind="Sandbox"
    )
    usual: dict[str, Any] = {
        "state": ConnectionState.CONNECTED,
        "login_url": "https://login.salesforce.com",
        "client_id": "a-key",
        "import_from": date(2026, 1, 1),
        "default_currency": "USD",
    }
    connection = Connection.objects.create(provider=provider, name=name, org=org, **usual | fields)
    CrmSchema.objects.create(
        connection=connection,
        fields=[
            {
                "source_object": place,
                "name": api_name,
                "label": label,
                "type": kind,
                "options": FREQUENCIES if label == "Billing Frequency" else [],
            }
            for place, api_name, label, kind in FIELDS
        ],
        stages=[
            {"id": stage, "name": stage, "pipeline": "", "is_won": stage == "Closed Won", "is_active": True}
            for stage in ("Prospecting", "Closed Won", "Signed")
        ],
        fetched_at=NOON,
    )
    FieldMapping.objects.bulk_create(
        FieldMapping(connection=connection, target=target, source_object=place, source_field=api_name)
        for target, (place, api_name) in MAPPED.items()
    )
    if is_confirmed:
        connection.mapping_version = MappingVersion.objects.create(
            connection=connection, number=1, snapshot={"rules": [], "translations": {}}
        )
        connection.save()
    return connection


def ran(connection: Connection, **fields: Any) -> SyncRun:
    usual: dict[str, Any] = {
        "trigger": RunTrigger.SCHEDULE,
        "state": RunState.DONE,
        "mapping_version": connection.mapping_version,
        "lease_token": 1,
        "started_at": NOON,
    }
    return SyncRun.objects.create(connection=connection, **usual | fields)


def deal(connection: Connection, external_id: str = "006A", **fields: Any) -> CrmDeal:
    """A held deal, or an imported one when it is given its contract."""
    usual: dict[str, Any] = {
        "name": "Acme renewal",
        "stage": "Closed Won",
        "url": "https://acme.my.salesforce.com/006A",
        "modified_at": NOON,
        "fingerprint": "f",
        "state": DealState.IMPORTED if fields.get("contract") else DealState.HELD,
    }
    return CrmDeal.objects.create(
        org=connection.org, connection=connection, external_id=external_id, **usual | fields
    )


def problem(code: HoldCode, **fields: str) -> dict[str, str]:
    usual = {"code": code.value, "field": "Contract Value", "raw": "", "sentence": "Contract Value is empty."}
    return usual | {"cure": "Correct it in Salesforce and sync again."} | fields


def hold(held: CrmDeal, *problems: dict[str, str], **fields: Any) -> Hold:
    listed = list(problems) or [problem(HoldCode.AMOUNT_MISSING)]
    return Hold.objects.create(crm_deal=held, code=listed[0]["code"], problems=listed, **fields)


def recorded(run: SyncRun, seen: CrmDeal, outcome: Outcome = Outcome.HELD, **fields: Any) -> SyncRecord:
    return SyncRecord.objects.create(run=run, crm_deal=seen, outcome=outcome, **fields)
