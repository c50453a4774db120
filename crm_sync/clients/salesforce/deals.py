"""Deals as the sync knows them, made of Salesforce's opportunities with their accounts and owners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm_sync.clients.reading import NEVER, RecordReader, flag, one_line, one_value, text
from crm_sync.clients.salesforce.values import parse_moment, to_18
from crm_sync.deals import Deal, RawValue, Unread
from crm_sync.enums import SourceObject
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import finding

CURRENCY = (SourceObject.DEAL, "CurrencyIsoCode")
ACCOUNT_ID = (SourceObject.DEAL, "AccountId")
ALWAYS = ("Id", "Name", "StageName", "IsWon", "IsClosed", "CloseDate", "SystemModstamp", "AccountId")
ENTITIES = {
    SourceObject.DEAL: ("Opportunity", ""),
    SourceObject.ACCOUNT: ("Account", "Account."),
    SourceObject.OWNER: ("User", "Owner."),
}
ACCOUNT_HIDDEN = (
    "The connected user may not see which account the deal belongs to: the field Account Name (AccountId) of "
    "opportunities is hidden from it."
)
Wanted = Mapping[SourceObject, Sequence[str]]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DealReader:
    """Reads the records of one org's answers."""

    instance_url: str
    has_currency_field: bool
    hidden_fields: frozenset[tuple[SourceObject, str]]

    def read(self, records: Sequence[Record], *, wanted: Wanted) -> tuple[list[Deal], tuple[Unread, ...]]:
        """The deals, and the records whose id or stage cannot be read."""
        deals, unread = [], []
        for record in records:
            one = RecordReader("Salesforce")
            external_id = one.read("Id", id_of(record), by=to_18, instead="")
            stage = one.read("StageName", record.get("StageName"), by=text, instead="")
            if one.sentence:
                named = external_id or one_line(record.get("Name"))
                told = finding(FindingCode.DEAL_UNREAD, deal=named, why=one.sentence)
                unread.append(Unread(external_id=external_id, finding=told))
            else:
                deals.append(self.deal(record, external_id=external_id, stage=stage, wanted=wanted))
        return deals, tuple(unread)

    def deal(self, record: Record, *, external_id: str, stage: str, wanted: Wanted) -> Deal:
        fields: dict[SourceObject, Mapping[str, RawValue]] = {}
        for source_object, parent in (
            (SourceObject.DEAL, record),
            (SourceObject.ACCOUNT, record.get("Account")),
            (SourceObject.OWNER, record.get("Owner")),
        ):
            fields[source_object] = {name: value_at(parent, name) for name in wanted.get(source_object, ())}
        one = RecordReader("Salesforce")
        for name in wanted.get(SourceObject.DEAL, ()):
            one.read(name, record.get(name), by=one_value, instead=None)
        if self.has_currency_field:
            told = value_at(record, CURRENCY[1])
            if CURRENCY not in self.hidden_fields:
                told = one.read(CURRENCY[1], record.get(CURRENCY[1]), by=currency, instead=None)
            fields[SourceObject.DEAL] = {**fields[SourceObject.DEAL], CURRENCY[1]: told}
        return Deal(
            external_id=external_id,
            name=one.read("Name", record.get("Name"), by=text, instead=""),
            stage=stage,
            crm_says_won=one.read("IsWon", record.get("IsWon"), by=flag, instead=None),
            crm_says_closed=one.read("IsClosed", record.get("IsClosed"), by=flag, instead=None),
            modified_at=one.read(
                "SystemModstamp", record.get("SystemModstamp"), by=parse_moment, instead=NEVER
            ),
            close_date=one.read("CloseDate", record.get("CloseDate"), by=read_day, instead=None),
            account_id=one.read("AccountId", record.get("AccountId"), by=reference, instead=""),
            account_problem=ACCOUNT_HIDDEN if ACCOUNT_ID in self.hidden_fields else "",
            url=f"{self.instance_url}/lightning/r/Opportunity/{external_id}/view",
            fields=fields,
            hidden_fields=self.hidden_fields,
            is_deleted=one.read("IsDeleted", record.get("IsDeleted"), by=flag, instead=None) is True,
            unreadable=one.sentence,
        )


def id_of(record: Record) -> str:
    """Its id, by way of its address where the field itself cannot be read."""
    value = record.get("Id")
    if isinstance(value, str) and value:
        return value
    attributes = record.get("attributes")
    url = attributes.get("url") if isinstance(attributes, dict) else ""
    return str(url or "").rpartition("/")[2]


def currency(value: object) -> str:
    """An org that keeps a currency on each record leaves none of them without."""
    if not isinstance(value, str) or not value:
        raise TypeError("no currency")
    return value


def readable_id(record: Record) -> str:
    """Its id in 18 characters; empty where nothing of it can be read."""
    try:
        return to_18(id_of(record))
    except ValueError:
        return ""


def reference(value: object) -> str:
    """The id of another record; empty for none."""
    return "" if value is None or value == "" else to_18(text(value))


def read_day(value: object) -> date | None:
    return None if value is None or value == "" else date.fromisoformat(text(value))


def value_at(parent: Record | None, path: str) -> RawValue:
    """A field's value, through parents that may be null."""
    value: Any = parent
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return None if isinstance(value, dict | list) else value
