"""What Fincelo reads of one Salesforce org: changed deals, named deals, stages, fields.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from crm_sync.clients import salesforce_walk
from crm_sync.clients.http import Answer, Transport
from crm_sync.clients.reading import flag, reads_answers_of
from crm_sync.clients.salesforce_api import API_VERSION, SalesforceApi
from crm_sync.clients.salesforce_errors import printable
from crm_sync.clients.salesforce_values import field_path, parse_moment, quote_text, quote_texts, to_18
from crm_sync.clients.salesforce_walk import ORDER, half_of, won_since
from crm_sync.clients.zones import known_zone
from crm_sync.deals import (
    Check,
    CrmField,
    Cursor,
    Deal,
    DealPage,
    DealQuery,
    OrgFacts,
    Presence,
    RawValue,
    Stage,
)
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError, SyncError
from crm_sync.findings import FindingCode, Findings

IDS_PER_QUERY = 200
TOO_MUCH = ("QUERY_TIMEOUT", "OPERATION_TOO_LARGE")
MOST_HALVINGS = 5
"""One after the other: each may have taken half a minute, and a poll has three."""
USER_NAME_LENGTH = 120
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
reads_answers = reads_answers_of("Salesforce")
log = logging.getLogger(__name__)


class SalesforceClient(SalesforceApi):
    """Reads one org. `hidden_fields`: found not to be there, or not to be seen, and not asked for."""

    def __init__(
        self,
        *,
        transport: Transport,
        instance_url: str,
        access_token: str,
        org_id: str,
        renew: Callable[[str], tuple[str, str]],
        has_currency_field: bool = False,
        api_version: str = API_VERSION,
    ) -> None:
        super().__init__(
            transport=transport,
            instance_url=instance_url,
            access_token=access_token,
            renew=renew,
            api_version=api_version,
        )
        self.org_id = org_id
        self.has_currency_field = has_currency_field
        self.hidden_fields: set[tuple[SourceObject, str]] = set()
        self.findings = Findings()
        self.has_asked_for_currency = False

    @property
    def warnings(self) -> list[str]:
        return self.findings.sentences

    @property
    def lacks_currency(self) -> bool:
        return not self.has_currency_field

    @property
    def calls(self) -> int:
        return self.transport.calls

    def close(self) -> None:
        self.transport.session.close()

    @reads_answers
    def identify(self) -> OrgFacts:
        """The org's name, kind, zone and whether it keeps a currency per record."""
        fields = self.describe("Opportunity")
        self.has_currency_field = any(field["name"] == CURRENCY[1] for field in fields)
        return self.organization()

    def org_facts(self) -> OrgFacts:
        self.has_currency_now()
        return replace(self.organization(), connected_as=self.user_name_or_nothing())

    def use(self, *, time_zone: str, ui_domain: str) -> None:
        """Salesforce's days are days, and its links follow from the org's address."""

    @reads_answers
    def organization(self) -> OrgFacts:
        row = self.query_all(
            "SELECT Id, Name, IsSandbox, OrganizationType, TimeZoneSidKey FROM Organization"
        )[0]
        return OrgFacts(
            external_id=to_18(str(row["Id"])),
            name=str(row["Name"]),
            kind="Sandbox" if row["IsSandbox"] else str(row["OrganizationType"]),
            time_zone=known_zone(str(row["TimeZoneSidKey"] or ""), crm="Salesforce", findings=self.findings),
            currency="",
            has_currency_field=self.has_currency_field,
        )

    def has_currency_now(self) -> bool:
        """One query that only an org with several currencies takes. Switched on, they are never off again."""
        if not self.has_currency_field and not self.has_asked_for_currency:
            self.has_asked_for_currency = True
            try:
                self.query_all(f"SELECT {CURRENCY[1]} FROM Account LIMIT 1")  # noqa: S608  constants
            except ConfigError as error:
                if error.breaks:
                    raise
            else:
                self.has_currency_field = True
        return self.has_currency_field

    def user_name_or_nothing(self) -> str:
        """An org that does not tell who has connected can be read all the same."""
        try:
            return self.user_name()
        except SyncError as error:
            if isinstance(error, ConfigError) and error.breaks:
                raise
            log.warning("Salesforce did not tell who has connected: %s", error)
            return ""

    @reads_answers
    def user_name(self) -> str:
        """Who has connected. Asked at the org's own address: the one in a token's answer is another host's.

        https://help.salesforce.com/s/articleView?id=sf.remoteaccess_using_userinfo_endpoint.htm
        """
        body = self.get("/services/oauth2/userinfo").json_object()
        return " ".join(printable(str(body["preferred_username"])).split())[:USER_NAME_LENGTH]

    @reads_answers
    def stages(self) -> Sequence[Stage]:
        """https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_opportunitystage.htm"""
        rows = self.query_all(
            "SELECT ApiName, MasterLabel, IsActive, IsWon FROM OpportunityStage ORDER BY SortOrder"
        )
        return [
            Stage(
                id=str(row["ApiName"]),
                name=str(row["ApiName"]),
                is_won=bool(row["IsWon"]),
                is_active=bool(row["IsActive"]),
            )
            for row in rows
        ]

    @reads_answers
    def schema(self) -> Sequence[CrmField]:
        """Every field of deals, accounts and owners that this user may read."""
        return [
            CrmField(
                source_object=source_object,
                name=str(field["name"]),
                label=str(field["label"]),
                type=str(field["type"]),
                options=tuple(
                    (str(option["value"]), str(option["label"]))
                    for option in field.get("picklistValues") or ()
                    if option.get("active")
                ),
            )
            for source_object, (entity, _) in ENTITIES.items()
            for field in self.fields_shown(entity)
            if not field.get("deprecatedAndHidden")
        ]

    def preflight(self) -> Sequence[Check]:
        """Whether the credential can read what a poll reads, object by object."""
        checks = []
        for label, entity, columns in (
            ("Deals", "Opportunity", "Id, Name, StageName, CloseDate, Amount"),
            ("Accounts", "Account", "Id, Name"),
            ("Owners", "User", "Id, Email"),
            ("Stages", "OpportunityStage", "ApiName"),
        ):
            try:
                self.query_all(f"SELECT {columns} FROM {entity} LIMIT 1")  # noqa: S608  constants
            except ConfigError as error:
                if error.breaks:
                    raise
                sentence = (
                    f"The connected user may not read {entity}. Give the user read access to it."
                    if error.code == "INVALID_TYPE"
                    else str(error)
                )
                checks.append(Check(label=label, ok=False, sentence=sentence, blocking=label != "Owners"))
            else:
                checks.append(Check(label=label, ok=True, sentence=f"{label} can be read."))
        return checks

    def changed_deals(self, *, query: DealQuery) -> Iterator[DealPage]:
        """Deals in the order of (SystemModstamp, Id), at or after the cursor less the overlap.

        A window that was not read to its end goes on after its last stored deal. A query that runs too long
        is asked again for half of what is left, as often as it takes.
        """
        cursor, before, halved = query.cursor, None, 0
        while True:
            try:
                for answer, body in self.deal_pages(
                    wanted=query.wanted,
                    where=salesforce_walk.conditions(query=query, cursor=cursor, before=before),
                    order=ORDER,
                ):
                    deals = [self.read_deal(record, wanted=query.wanted) for record in body["records"]]
                    cursor = salesforce_walk.moved(
                        cursor,
                        last=deals[-1] if deals else None,
                        window_end=answer.clock(),
                        is_done=body["done"],
                        before=before,
                    )
                    halved = 0
                    yield DealPage(deals=deals, cursor=cursor, expected=body["totalSize"])
            except SyncError as error:
                if halved == MOST_HALVINGS:
                    raise
                before, halved = self.shorter(error, cursor=cursor, before=before), halved + 1
            else:
                if before is None:
                    return
                before = None

    def shorter(self, error: SyncError, *, cursor: Cursor, before: datetime | None) -> datetime:
        """Where the next try of a query ends that was too long for Salesforce."""
        middle = half_of(cursor=cursor, before=before, now=self.told_time)
        if error.code not in TOO_MUCH or middle is None:
            raise error
        return middle

    def deals_by_id(self, *, external_ids: Sequence[str], wanted: Wanted) -> Sequence[DealPage]:
        """The named deals as they are now. Deleted or hidden ones are missing from the answer."""
        ids = sorted({to_18(external_id) for external_id in external_ids})
        pages = []
        for start in range(0, len(ids), IDS_PER_QUERY):
            where = f"Id IN {quote_texts(ids[start : start + IDS_PER_QUERY])}"
            deals = [
                self.read_deal(record, wanted=wanted)
                for _, body in self.deal_pages(wanted=wanted, where=where, order="Id ASC")
                for record in body["records"]
            ]
            pages.append(DealPage(deals=deals, cursor=None, expected=len(ids)))
        return pages

    @reads_answers
    def won_ids(self, *, query: DealQuery) -> Iterator[Sequence[str]]:
        """2,000 a page. The walk goes by id, so that it can be taken up again anywhere."""
        soql = f"SELECT Id FROM Opportunity WHERE {won_since(query)}"  # noqa: S608  quoted where it is built
        if query.cursor.external_id:
            soql += f" AND Id > {quote_text(query.cursor.external_id)}"
        for _, body in self.pages(f"{soql} ORDER BY Id ASC"):
            yield [to_18(str(record["Id"])) for record in body["records"]]

    @reads_answers
    def presence(self, *, external_ids: Sequence[str]) -> Mapping[str, Presence]:
        """Deleted ones too, while the recycle bin has them."""
        rows = self.rows_by_id("Id, StageName, IsWon, IsClosed, IsDeleted FROM Opportunity", ids=external_ids)
        return {
            to_18(str(row["Id"])): Presence(
                stage=str(row["StageName"] or ""),
                crm_says_won=flag(row.get("IsWon")),
                crm_says_closed=flag(row.get("IsClosed")),
                is_deleted=bool(row["IsDeleted"]),
            )
            for row in rows
        }

    @reads_answers
    def merged_accounts(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        """A merged account is deleted and names its master. A user who may not see that stops no sweep."""
        try:
            rows = list(self.rows_by_id("Id, MasterRecordId FROM Account", ids=external_ids))
        except ConfigError as error:
            if error.breaks:
                raise
            self.findings.trouble(FindingCode.MERGES_UNREADABLE, f"Merged accounts are not followed: {error}")
            return {}
        self.findings.fine(FindingCode.MERGES_UNREADABLE)
        return {
            to_18(str(row["Id"])): to_18(str(row["MasterRecordId"])) for row in rows if row["MasterRecordId"]
        }

    def rows_by_id(self, columns: str, *, ids: Sequence[str]) -> Iterator[Record]:
        """Rows whether deleted or not, 200 ids to a query."""
        for start in range(0, len(ids), IDS_PER_QUERY):
            chosen = quote_texts(ids[start : start + IDS_PER_QUERY])
            soql = f"SELECT {columns} WHERE Id IN {chosen}"
            for _, body in self.pages(soql, resource="queryAll"):
                yield from body["records"]

    def deal_pages(self, *, wanted: Wanted, where: str, order: str) -> Iterator[tuple[Answer, Record]]:
        """Pages of a query that leaves out the fields which turn out not to be there.

        One such field spoils a whole query. So a refusal is followed by a look at what there is, and what is
        missing is told by `hidden_fields`; the others are read.
        """
        while True:
            has_begun = False
            try:
                for page in self.pages(self.deal_query(wanted=wanted, where=where, order=order)):
                    has_begun = True
                    yield page
            except ConfigError as error:
                if has_begun or not self.leave_out(error, wanted=wanted):
                    raise
            else:
                return

    def leave_out(self, error: ConfigError, *, wanted: Wanted) -> bool:
        """Whether a query that was refused for a field can be asked again without it."""
        if error.code != "INVALID_FIELD":
            return False
        before = len(self.hidden_fields)
        self.hidden_fields |= self.missing_among(wanted)
        if len(self.hidden_fields) == before:
            self.hidden_fields |= named_by(error, wanted=wanted)
        return len(self.hidden_fields) > before

    @reads_answers
    def missing_among(self, wanted: Wanted) -> set[tuple[SourceObject, str]]:
        """The fields that `describe` does not list. Of a path, as `A__r.B__c`, it tells nothing."""
        asked = {source_object: list(names) for source_object, names in wanted.items()}
        asked[SourceObject.DEAL] = [*asked.get(SourceObject.DEAL, ()), ACCOUNT_ID[1]]
        if self.has_currency_field:
            asked[SourceObject.DEAL].append(CURRENCY[1])
        return {
            (source_object, name)
            for source_object, names in asked.items()
            if names
            for shown in [{str(one["name"]).lower() for one in self.fields_shown(ENTITIES[source_object][0])}]
            for name in names
            if "." not in name and name.lower() not in shown
        }

    def fields_shown(self, entity: str) -> list[Record]:
        """None of an object that the user may not see at all."""
        try:
            return self.describe(entity)
        except ConfigError as error:
            if error.breaks:
                raise
            return []

    def deal_query(self, *, wanted: Wanted, where: str, order: str) -> str:
        names = [name for name in ALWAYS if (SourceObject.DEAL, name) not in self.hidden_fields]
        if self.has_currency_field and CURRENCY not in self.hidden_fields:
            names.append(CURRENCY[1])
        for source_object, (_, prefix) in ENTITIES.items():
            names += [
                prefix + field_path(name)
                for name in wanted.get(source_object, ())
                if (source_object, name) not in self.hidden_fields
            ]
        unique = list({name.lower(): name for name in names}.values())
        columns = ", ".join(unique)
        given = f" WHERE {where}" if where else ""
        return f"SELECT {columns} FROM Opportunity{given} ORDER BY {order}"  # noqa: S608  names are checked above

    @reads_answers
    def read_deal(self, record: Record, *, wanted: Wanted) -> Deal:
        external_id = to_18(str(record["Id"]))
        fields: dict[SourceObject, Mapping[str, RawValue]] = {}
        for source_object, parent in (
            (SourceObject.DEAL, record),
            (SourceObject.ACCOUNT, record.get("Account")),
            (SourceObject.OWNER, record.get("Owner")),
        ):
            fields[source_object] = {name: value_at(parent, name) for name in wanted.get(source_object, ())}
        if self.has_currency_field:
            fields[SourceObject.DEAL] = {
                **fields[SourceObject.DEAL],
                CURRENCY[1]: record.get(CURRENCY[1]),
            }
        account_id = record.get("AccountId")
        return Deal(
            external_id=external_id,
            name=str(record["Name"] or ""),
            stage=str(record["StageName"] or ""),
            crm_says_won=flag(record.get("IsWon")),
            crm_says_closed=flag(record.get("IsClosed")),
            modified_at=parse_moment(record["SystemModstamp"]),
            close_date=date.fromisoformat(record["CloseDate"]) if record.get("CloseDate") else None,
            account_id=to_18(account_id) if account_id else "",
            account_problem=ACCOUNT_HIDDEN if ACCOUNT_ID in self.hidden_fields else "",
            url=f"{self.instance_url}/lightning/r/Opportunity/{external_id}/view",
            fields=fields,
            hidden_fields=frozenset(self.hidden_fields),
        )


def named_by(error: SyncError, *, wanted: Wanted) -> set[tuple[SourceObject, str]]:
    """The wanted fields in whose path the name stands that a refusal is about."""
    return {
        (source_object, name)
        for source_object, names in wanted.items()
        for name in names
        if error.subject and error.subject.lower() in [*name.lower().split("."), *standing_for(source_object)]
    }


def standing_for(source_object: SourceObject) -> list[str]:
    """The relationship by which a deal leads to the object."""
    return [part.lower() for part in ENTITIES[source_object][1].split(".") if part]


def value_at(parent: Record | None, path: str) -> RawValue:
    """A field's value, through parents that may be null."""
    value: Any = parent
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return None if isinstance(value, dict | list) else value
