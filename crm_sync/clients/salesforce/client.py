"""What Fincelo reads of one Salesforce org: changed deals, named deals, stages, fields.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from crm_sync.clients.http import BODY_TOO_LARGE, Answer, Transport
from crm_sync.clients.reading import NEVER, reads_answers_of
from crm_sync.clients.salesforce import walk
from crm_sync.clients.salesforce.api import (
    API_VERSION,
    PAGE_SIZE,
    SHORT_ANSWER,
    SMALLEST_BATCH,
)
from crm_sync.clients.salesforce.deals import (
    ACCOUNT_ID,
    ALWAYS,
    CURRENCY,
    ENTITIES,
    DealReader,
    readable_id,
)
from crm_sync.clients.salesforce.preflight import checks_of
from crm_sync.clients.salesforce.presence import IDS_PER_QUERY
from crm_sync.clients.salesforce.schema import SalesforceSchema
from crm_sync.clients.salesforce.values import field_path, quote_text, quote_texts, to_18
from crm_sync.clients.salesforce.walk import NEWEST_FIRST, ORDER, OVERLAP, half_of, won_since
from crm_sync.clients.zones import known_zone
from crm_sync.deals import (
    Check,
    Cursor,
    DealPage,
    DealQuery,
    OrgFacts,
    Stage,
)
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError, SyncError
from crm_sync.findings.values import Finding, Findings

TOO_MUCH = ("QUERY_TIMEOUT", "OPERATION_TOO_LARGE")
MOST_HALVINGS = 5
"""One after the other: each may have taken half a minute, and a poll has three."""
Wanted = Mapping[SourceObject, Sequence[str]]
Record = dict[str, Any]
reads_answers = reads_answers_of("Salesforce")
log = logging.getLogger(__name__)


class SalesforceClient(SalesforceSchema):
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
        self.remarks: list[Finding] = []
        self.stages_before: Sequence[Stage] = ()
        self.listed_stages: Sequence[Stage] = ()
        self.page_size = PAGE_SIZE
        """Rows of an answer. Halved as often as an answer turns out too large."""

    @property
    def reader(self) -> DealReader:
        return DealReader(
            instance_url=self.instance_url,
            has_currency_field=self.has_currency_field,
            hidden_fields=frozenset(self.hidden_fields),
        )

    @property
    def warnings(self) -> list[str]:
        return self.findings.sentences

    @property
    def lacks_currency(self) -> bool:
        return not self.has_currency_field

    @property
    def calls(self) -> int:
        return self.transport.calls

    def limit_calls(self, may_call: Callable[[], bool]) -> None:
        self.transport.may_call = may_call

    def close(self) -> None:
        self.transport.session.close()

    @reads_answers
    def identify(self) -> OrgFacts:
        """The org's name, kind, zone and whether it keeps a currency per record."""
        fields = self.describe("Opportunity")
        self.has_currency_field = any(field.get("name") == CURRENCY[1] for field in fields)
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
            name=str(row["Name"] or ""),
            kind="Sandbox" if row["IsSandbox"] else str(row["OrganizationType"] or ""),
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
        """An org that does not tell who has connected can be read anyway."""
        try:
            return self.user_name()
        except SyncError as error:
            if isinstance(error, ConfigError) and error.breaks:
                raise
            log.warning("Salesforce did not tell who has connected: %s", error)
            return ""

    def preflight(self) -> Sequence[Check]:
        return checks_of(self)

    def changed_deals(self, *, query: DealQuery) -> Iterator[DealPage]:
        """Deals in the order of (SystemModstamp, Id), at or after the cursor less the overlap.

        A window that was not read to its end continues after its last stored deal. A query that runs too long
        is asked again for half of what is left, as often as it takes; one whose answers are too large, with
        smaller pages. Where Salesforce has shown less than it announced, the cursor goes back to its place.
        """
        newest = self.newest(query)
        if newest is not None:
            yield newest
            return
        cursor, before, halved = query.cursor, None, 0
        while True:
            has_more = False
            try:
                for page, is_cut in self.window(query=query, cursor=cursor, before=before):
                    cursor, halved, has_more = page.cursor or cursor, 0, is_cut
                    yield page
            except SyncError as error:
                if error.code == BODY_TOO_LARGE and self.page_size > 1:
                    self.page_size //= 2
                    continue
                if error.code == SHORT_ANSWER:
                    yield DealPage(deals=[], cursor=query.cursor)
                if halved == MOST_HALVINGS:
                    raise
                before, halved = self.shorter(error, cursor=cursor, before=before), halved + 1
            else:
                if before is None and not has_more:
                    return
                before = before if has_more else None

    def window(
        self, *, query: DealQuery, cursor: Cursor, before: datetime | None
    ) -> Iterator[tuple[DealPage, bool]]:
        """The pages of one query, each with whether the query was cut so that its answer stays small."""
        limit = self.page_size if self.page_size < SMALLEST_BATCH else None
        for answer, body in self.deal_pages(
            wanted=query.wanted,
            where=walk.conditions(query=query, cursor=cursor, before=before),
            order=ORDER,
            limit=limit,
            with_deleted=query.cursor.modified_at is not None,
        ):
            has_more = len(body["records"]) == limit
            deals, unread = self.reader.read(body["records"], wanted=query.wanted)
            stamped = [deal for deal in deals if deal.modified_at != NEVER]
            cursor = walk.moved(
                cursor,
                last=stamped[-1] if stamped else None,
                window_end=answer.clock(),
                is_done=body["done"] and not has_more,
                before=before,
            )
            yield (
                DealPage(
                    deals=deals,
                    cursor=cursor,
                    expected=None if limit else body["totalSize"],
                    unread=unread,
                ),
                has_more,
            )

    @reads_answers
    def newest(self, query: DealQuery) -> DealPage | None:
        """What is new of a window of which more was read already than one page shows, in one query.

        None where a page shows it anyway, or where the newest deals alone do not account for every deal that
        was not read before.
        """
        begins_at = query.cursor.modified_at
        if begins_at is None or query.cursor.window_end is not None:
            return None
        known = query.told_since(begins_at - OVERLAP)
        if known <= PAGE_SIZE:
            return None
        answer, body = next(
            self.deal_pages(
                wanted=query.wanted,
                where=walk.conditions(query=query, cursor=query.cursor, before=None),
                order=NEWEST_FIRST,
                batch=SMALLEST_BATCH,
                with_deleted=True,
            )
        )
        deals, unread = self.reader.read(body["records"], wanted=query.wanted)
        old = [one for one in deals if query.is_told(one.external_id, modified_at=one.modified_at)]
        new = [one for one in deals if one.external_id not in query.told]
        is_covered = bool(deals) and deals[-1] in old and not unread
        if not is_covered or body["totalSize"] != known + len(new):
            return None
        reached = walk.moved(
            query.cursor, last=deals[0], window_end=answer.clock(), is_done=True, before=None
        )
        fresh = [one for one in reversed(deals) if one not in old]
        again = tuple(one.external_id for one in old)
        return DealPage(deals=fresh, cursor=reached, expected=len(deals), again=again)

    def shorter(self, error: SyncError, *, cursor: Cursor, before: datetime | None) -> datetime:
        """Where the next try of a query ends that was too long for Salesforce."""
        middle = half_of(cursor=cursor, before=before, now=self.told_time)
        if error.code not in TOO_MUCH or middle is None:
            raise error
        return middle

    def deals_by_id(self, *, external_ids: Sequence[str], wanted: Wanted) -> Sequence[DealPage]:
        """The named deals as they are now. Deleted or hidden ones are missing from the answer."""
        ids = sorted({to_18(external_id) for external_id in external_ids})
        waiting = [ids[start : start + IDS_PER_QUERY] for start in range(0, len(ids), IDS_PER_QUERY)]
        pages = []
        while waiting:
            part = waiting.pop(0)
            try:
                found = list(
                    self.deal_pages(wanted=wanted, where=f"Id IN {quote_texts(part)}", order="Id ASC")
                )
            except SyncError as error:
                if error.code != BODY_TOO_LARGE or len(part) == 1:
                    raise
                middle = len(part) // 2
                waiting[:0] = [part[:middle], part[middle:]]
                continue
            records = [record for _, body in found for record in body["records"]]
            deals, unread = self.reader.read(records, wanted=wanted)
            pages.append(DealPage(deals=deals, cursor=None, expected=len(ids), unread=unread))
        return pages

    @reads_answers
    def won_ids(self, *, query: DealQuery) -> Iterator[Sequence[str]]:
        """2,000 a page. The walk goes by id, so that it can be taken up again anywhere.

        A row without a readable id is left out: a stored deal that is not listed is read again anyway.
        """
        soql = f"SELECT Id FROM Opportunity WHERE {won_since(query)}"  # noqa: S608  quoted where it is built
        if query.cursor.external_id:
            soql += f" AND Id > {quote_text(query.cursor.external_id)}"
        for _, body in self.pages(f"{soql} ORDER BY Id ASC"):
            yield [key for record in body["records"] if (key := readable_id(record))]

    def deal_pages(
        self,
        *,
        wanted: Wanted,
        where: str,
        order: str,
        limit: int | None = None,
        batch: int | None = None,
        with_deleted: bool = False,
    ) -> Iterator[tuple[Answer, Record]]:
        """Pages of a query that leaves out the fields which turn out not to be there.

        One such field spoils a whole query. So a refusal is followed by a look at what there is, and what is
        missing is told by `hidden_fields`; the others are read.
        """
        while True:
            has_begun = False
            try:
                soql = self.deal_query(wanted=wanted, where=where, order=order, with_deleted=with_deleted)
                for page in self.pages(
                    f"{soql} LIMIT {limit}" if limit else soql,
                    resource="queryAll" if with_deleted else "query",
                    batch=batch or self.page_size,
                ):
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
            for shown in [
                {str(one.get("name")).lower() for one in self.fields_shown(ENTITIES[source_object][0])}
            ]
            for name in names
            if "." not in name and name.lower() not in shown
        }

    def deal_query(self, *, wanted: Wanted, where: str, order: str, with_deleted: bool = False) -> str:
        names = [name for name in ALWAYS if (SourceObject.DEAL, name) not in self.hidden_fields]
        names += ["IsDeleted"] if with_deleted else []
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
