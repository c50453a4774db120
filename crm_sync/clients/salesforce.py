"""Salesforce's REST API, as far as Fincelo uses it.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from crm_sync.clients.http import Answer, Transport
from crm_sync.clients.reading import flag, is_count, reads_answers_of
from crm_sync.clients.salesforce_errors import code_and_message, data_error, is_policy
from crm_sync.clients.salesforce_values import (
    NEXT_PAGE,
    date_literal,
    field_path,
    moment_literal,
    parse_moment,
    quote_text,
    quote_texts,
    to_18,
)
from crm_sync.clients.zones import zone_or_utc
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
from crm_sync.errors import ConfigError, SyncError, TransientError

API_VERSION = "66.0"
OVERLAP = timedelta(minutes=30)
PAGE_SIZE = 2000
IDS_PER_QUERY = 200
EMPTY_PAGES = 10
"""So many more pages than rows a query may have before it counts as endless."""
ALWAYS = ("Id", "Name", "StageName", "IsWon", "IsClosed", "CloseDate", "SystemModstamp", "AccountId")
ENTITIES = {
    SourceObject.DEAL: ("Opportunity", ""),
    SourceObject.ACCOUNT: ("Account", "Account."),
    SourceObject.OWNER: ("User", "Owner."),
}
Record = dict[str, Any]
reads_answers = reads_answers_of("Salesforce")


class SalesforceClient:
    """Reads one org. `renew` answers with a fresh (access token, instance address) for a stale token."""

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
        self.transport = transport
        self.instance_url = instance_url
        self.access_token = access_token
        self.org_id = org_id
        self.renew = renew
        self.has_currency_field = has_currency_field
        self.api_version = api_version
        self.renewed = False
        self.warnings: list[str] = []

    @property
    def calls(self) -> int:
        return self.transport.calls

    def close(self) -> None:
        self.transport.session.close()

    @reads_answers
    def identify(self) -> OrgFacts:
        """The org's name, kind, zone and whether it keeps a currency per record."""
        row = self.query_all(
            "SELECT Id, Name, IsSandbox, OrganizationType, TimeZoneSidKey FROM Organization"
        )[0]
        fields = self.describe("Opportunity")
        self.has_currency_field = any(field["name"] == "CurrencyIsoCode" for field in fields)
        return OrgFacts(
            external_id=to_18(str(row["Id"])),
            name=str(row["Name"]),
            kind="Sandbox" if row["IsSandbox"] else str(row["OrganizationType"]),
            time_zone=zone_or_utc(str(row["TimeZoneSidKey"]), warnings=self.warnings),
            currency="",
            has_currency_field=self.has_currency_field,
        )

    def choose_version(self) -> str:
        """The pinned API version, or the highest that the org offers below it."""
        answer = self.get("/services/data/")
        try:
            numbers = [str(entry["version"]) for entry in answer.json_value()]
            usable = [number for number in numbers if float(number) <= float(API_VERSION)]
        except (KeyError, TypeError, ValueError):
            raise answer.unusable("JSON that is no list of API versions") from None
        self.api_version = max(usable, key=float) if usable else API_VERSION
        return self.api_version

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
            for field in self.describe(entity)
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
        """Deals in the order of (SystemModstamp, Id), at or after the cursor less the overlap."""
        cursor = query.cursor
        if cursor.modified_at is None:
            where = won_since(query)
        else:
            where = f"SystemModstamp >= {moment_literal(cursor.modified_at - OVERLAP)}"
        soql = self.deal_query(wanted=query.wanted, where=where, order="SystemModstamp ASC, Id ASC")
        for answer, body in self.pages(soql):
            deals = [self.read_deal(record, wanted=query.wanted) for record in body["records"]]
            if deals:
                cursor = advanced(cursor=cursor, last=deals[-1], answer=answer)
            yield DealPage(deals=deals, cursor=cursor, expected=body["totalSize"])

    def deals_by_id(
        self, *, external_ids: Sequence[str], wanted: Mapping[SourceObject, Sequence[str]]
    ) -> Sequence[DealPage]:
        """The named deals as they are now. Deleted or hidden ones are missing from the answer."""
        ids = sorted({to_18(external_id) for external_id in external_ids})
        pages = []
        for start in range(0, len(ids), IDS_PER_QUERY):
            where = f"Id IN {quote_texts(ids[start : start + IDS_PER_QUERY])}"
            records = self.query_all(self.deal_query(wanted=wanted, where=where, order="Id ASC"))
            deals = [self.read_deal(record, wanted=wanted) for record in records]
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
            sentence = f"Merged accounts are not followed: {error}"
            self.warnings += [sentence] if sentence not in self.warnings else []
            return {}
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

    def deal_query(self, *, wanted: Mapping[SourceObject, Sequence[str]], where: str, order: str) -> str:
        names = list(ALWAYS)
        if self.has_currency_field:
            names.append("CurrencyIsoCode")
        for source_object, (_, prefix) in ENTITIES.items():
            names += [prefix + field_path(name) for name in wanted.get(source_object, ())]
        unique = list({name.lower(): name for name in names}.values())
        columns = ", ".join(unique)
        return f"SELECT {columns} FROM Opportunity WHERE {where} ORDER BY {order}"  # noqa: S608  names are checked above

    @reads_answers
    def read_deal(self, record: Record, *, wanted: Mapping[SourceObject, Sequence[str]]) -> Deal:
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
                "CurrencyIsoCode": record.get("CurrencyIsoCode"),
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
            url=f"{self.instance_url}/lightning/r/Opportunity/{external_id}/view",
            fields=fields,
        )

    def describe(self, entity: str) -> list[Record]:
        """https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm"""
        return self.get(f"{self.data_path}/sobjects/{entity}/describe").objects("fields")

    def query_all(self, soql: str) -> list[Record]:
        return [record for _, body in self.pages(soql) for record in body["records"]]

    def pages(self, soql: str, *, resource: str = "query") -> Iterator[tuple[Answer, Record]]:
        """https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm"""
        answer = self.get(
            f"{self.data_path}/{resource}/",
            params={"q": soql},
            headers={"Sforce-Query-Options": f"batchSize={PAGE_SIZE}"},
        )
        visited: set[str] = set()
        while True:
            body = answer.json_object()
            answer.objects_in(body, "records")
            if not isinstance(body.get("done"), bool) or not is_count(body.get("totalSize")):
                raise answer.unusable("JSON that is no query result")
            yield answer, body
            if body["done"]:
                return
            path = str(body.get("nextRecordsUrl", ""))
            is_endless = path in visited or len(visited) >= body["totalSize"] + EMPTY_PAGES
            if is_endless or not NEXT_PAGE.fullmatch(path):
                raise TransientError(
                    "Salesforce named a next page that cannot be followed.",
                    next_step="The next poll goes on from the last page that was stored.",
                    code="BAD_NEXT_PAGE",
                )
            visited.add(path)
            answer = self.get(path)

    @property
    def data_path(self) -> str:
        return f"/services/data/v{self.api_version}"

    def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One authorised call. A session that has expired is renewed once, and the call repeated once."""
        answer = self.send(path=path, params=params, headers=headers)
        if self.wants_new_token(answer):
            self.access_token, self.instance_url = self.renew(self.access_token)
            self.renewed = True
            answer = self.send(path=path, params=params, headers=headers)
        if not answer.is_success:
            raise self.error_of(answer)
        self.renewed = False
        return answer

    def send(
        self, *, path: str, params: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> Answer:
        return self.transport.send(
            method="GET",
            url=self.instance_url + path,
            params=params,
            headers={
                "Authorization": f"Bearer {self.access_token}",
                "Accept": "application/json",
                **(headers or {}),
            },
        )

    def wants_new_token(self, answer: Answer) -> bool:
        if self.renewed:
            return False
        _, message = code_and_message(answer)
        return (answer.status == 401 and not is_policy(message)) or 300 <= answer.status < 400

    def error_of(self, answer: Answer) -> SyncError:
        return data_error(answer)


def won_since(query: DealQuery) -> str:
    return f"StageName IN {quote_texts(query.stage_names)} AND CloseDate >= {date_literal(query.import_from)}"


def value_at(parent: Record | None, path: str) -> RawValue:
    """A field's value, through parents that may be null."""
    value: Any = parent
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return None if isinstance(value, dict | list) else value


def advanced(*, cursor: Cursor, last: Deal, answer: Answer) -> Cursor:
    """The cursor after a page: never backwards, and never past Salesforce's own clock."""
    limit = answer.sent_at or datetime.max.replace(tzinfo=UTC)
    reached = Cursor(modified_at=min(last.modified_at, limit), external_id=last.external_id)
    if cursor.modified_at is not None and reached.modified_at is not None:
        return reached if reached.modified_at >= cursor.modified_at else cursor
    return reached
