"""What a CRM client answers with: frozen values in our words."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from crm_sync.enums import SourceObject
from crm_sync.findings.values import Finding

RawValue = str | int | bool | Decimal | None
"""A field's value as the CRM sent it; numbers with a point are Decimal, never float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One deal. `fields` holds only what the mapping asked for, per source object, under the CRM's names."""

    external_id: str
    name: str
    stage: str
    crm_says_won: bool | None
    modified_at: datetime
    close_date: date | None
    account_id: str
    crm_says_closed: bool | None = None
    merged_ids: Sequence[str] = ()
    """Deals that were merged into this one."""
    account_problem: str = ""
    """A sentence when the account cannot be told, such as several companies and none primary."""
    account_merged_ids: Sequence[str] = ()
    """Accounts that were merged into this deal's account."""
    url: str = ""
    fields: Mapping[SourceObject, Mapping[str, RawValue]] = field(default_factory=dict)
    hidden_fields: frozenset[tuple[SourceObject, str]] = frozenset()
    """Mapped fields that the CRM does not show: deleted, renamed or not for us. Unknown is not empty."""
    is_deleted: bool = False
    """It lies in the CRM's recycle bin."""
    unresolved_merges: Sequence[str] = ()
    """Deals that are said to have been merged into this one, where nobody can tell whether that is so."""
    unreadable: str = ""
    """A sentence on what of the record itself cannot be read. Its stage can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What a CRM says of one id. An id that it knows nothing of any more has none."""

    stage: str = ""
    crm_says_won: bool | None = None
    crm_says_closed: bool | None = None
    is_deleted: bool = False
    is_archived: bool = False
    merged_into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where the next poll starts: (modified, id), inclusive. Within a fixed window only the id moves.

    `modified_at` None: nothing has been read yet. `window_end` set: the window from `modified_at` up to it is
    being read and is done up to (`reached_at`, `external_id`), or up to `external_id` where the order is that
    of ids alone. `modified_at` moves when the window is done, so that the next one overlaps all of it.
    """

    modified_at: datetime | None = None
    external_id: str = ""
    window_end: datetime | None = None
    reached_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A deal that the CRM answered with and that cannot be held, because nobody can tell whether it is won.

    `external_id` empty: not even its id could be read.
    """

    external_id: str
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class DealPage:
    """Deals that are written together, and the cursor that covers them; None moves no cursor."""

    deals: Sequence[Deal]
    cursor: Cursor | None
    expected: int | None = None
    """How many deals the CRM announced for the whole query, when it did."""
    again: Sequence[str] = ()
    """Ids of deals that the CRM listed and that have not changed since they were read."""
    unread: Sequence[Unread] = ()
    is_refresh: bool = False
    """Read again without anybody having asked for these deals: what has not changed is only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DealQuery:
    """What to read: everything that changed since the cursor, or at the very first every won deal."""

    cursor: Cursor
    stage_names: Sequence[str]
    import_from: date
    wanted: Mapping[SourceObject, Sequence[str]]
    """Names of the fields that the mapping uses."""
    told: Mapping[str, datetime] = field(default_factory=dict)
    """Deals that earlier runs have read and stored of late: by id, as of which moment of change."""
    stored_among: Callable[[Sequence[str]], Collection[str]] = lambda ids: ()
    """Of some ids those of which anything is stored here."""

    def told_since(self, moment: datetime) -> int:
        """How many of them changed last at that moment or later."""
        return sum(modified_at >= moment for modified_at in self.told.values())

    def is_told(self, external_id: str, *, modified_at: datetime | None) -> bool:
        """Whether a deal was read at this change of it, or at a later one."""
        before = self.told.get(external_id)
        return before is not None and modified_at is not None and modified_at <= before


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage as the CRM lists it. `id` is what deals hold, `name` what people see and we compare."""

    id: str
    name: str
    pipeline: str = ""
    is_won: bool | None = None
    is_closed: bool | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A stage name that is not imported. `resembles` is the selected name it could be taken for, if any."""

    name: str
    resembles: str = ""
    ids: Sequence[str] = ()
    """What deals hold; none for a value that stands on deals and in no list of stages."""
    pipelines: str = ""
    count: int | None = None
    """Deals in it since import-from; None while the CRM has not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """API calls of the day as the CRM counts them, those of other programs included."""

    used: int
    limit: int

    @property
    def share(self) -> float:
        return self.used / self.limit if self.limit > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmField:
    """A field of the CRM's schema."""

    source_object: SourceObject
    name: str
    label: str
    type: str
    options: Sequence[tuple[str, str]] = ()
    """(value, label) of a choice."""
    samples: Sequence[str] = ()
    """What won deals of late hold in it, for people to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgFacts:
    """Which org or portal a credential opens. What the CRM does not tell is empty."""

    external_id: str
    name: str
    kind: str
    time_zone: str
    currency: str
    has_currency_field: bool
    ui_domain: str = ""
    connected_as: str = ""
    """The user name of whoever authorised it, where the CRM tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the preflight."""

    label: str
    ok: bool
    sentence: str
    blocking: bool = True
    lacks: frozenset[str] = frozenset()
    """The scopes that are missing for it, where the CRM names them."""
