"""Open holds by what causes them: connection, code, field and raw value. One decision cures a whole group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db.models import Count, Min, Sum

from crm_sync.holds.lists import narrowed
from crm_sync.mapping.problems import KEYS, Cure, cures_of
from crm_sync.mapping.words import same_words
from crm_sync.models import CrmDeal, Hold

FALLBACK = ", ".join(f"('{code.value}', '{key}')" for code, key in KEYS.items())
PROBLEMS = f"""
WITH problems AS MATERIALIZED (
    SELECT hold.id, hold.crm_deal_id, hold.opened_at, hold.value_minor, hold.currency,
        -- look-ups by key, with or without statistics
        (SELECT connection_id FROM crm_sync_crmdeal WHERE id = hold.crm_deal_id) AS connection_id,
        problem ->> 'code' AS code, problem ->> 'field' AS field, problem ->> 'raw' AS raw,
        coalesce(nullif(problem ->> 'key', ''), usual.key, '') AS key,
        problem ->> 'sentence' AS sentence, problem ->> 'cure' AS cure,
        coalesce(problem ->> 'fact', '') AS fact
    FROM crm_sync_hold hold
    CROSS JOIN LATERAL jsonb_array_elements(hold.problems) AS problem
    LEFT JOIN (VALUES {FALLBACK}) AS usual(code, key) ON usual.code = problem ->> 'code'
    WHERE hold.resolved_at IS NULL AND (%(code)s::text IS NULL OR problem ->> 'code' = %(code)s)
)
"""  # noqa: S608  constants
GROUPS = f"""{PROBLEMS}
SELECT connection_id, code, key, field, raw, currency, min(cure), min(sentence), max(fact), count(*),
    count(value_minor), sum(value_minor), min(opened_at)
FROM problems WHERE %(connection)s::bigint IS NULL OR connection_id = %(connection)s
GROUP BY connection_id, code, key, field, raw, currency ORDER BY currency
"""  # noqa: S608  constants
MEMBERS = f"""{PROBLEMS}
SELECT id FROM problems WHERE connection_id = %(connection)s AND key = %(key)s AND raw = %(raw)s
GROUP BY id, opened_at ORDER BY opened_at, id
"""  # noqa: S608  constants
RAW_VALUES = f"""{PROBLEMS}
SELECT raw, array_agg(DISTINCT crm_deal_id) FROM problems
WHERE connection_id = %(connection)s AND key = %(key)s GROUP BY raw
"""  # noqa: S608  constants


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupKey:
    """Names a group of open holds. `key`: the field mapping, empty for none."""

    connection_id: int
    code: str
    key: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """How many deals wait, since when, and for what."""

    number: int
    oldest_at: datetime | None = None
    values: Mapping[str, int] = field(default_factory=dict)
    """By currency, in minor units. Currencies are never mixed."""
    unknown: int = 0
    """Deals whose value cannot be told."""

    def __add__(self, other: "Stake") -> "Stake":
        """Of two currencies, or of one and of what is unknown."""
        moments = [moment for moment in (self.oldest_at, other.oldest_at) if moment]
        return Stake(
            number=self.number + other.number,
            oldest_at=min(moments, default=None),
            values={**self.values, **other.values},
            unknown=self.unknown + other.unknown,
        )


NOTHING = Stake(number=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldGroup:
    """The deals that one cause holds."""

    name: GroupKey
    field: str
    sentence: str
    cure: str
    fact: str
    stake: Stake

    @property
    def problem(self) -> dict[str, str]:
        """As each of its holds stores it."""
        name = self.name
        return {
            "code": name.code,
            "field": self.field,
            "raw": name.raw,
            "cure": self.cure,
            "key": name.key,
            "fact": self.fact,
        }

    @property
    def cures(self) -> Sequence[Cure]:
        return cures_of(self.problem)


def hold_groups(*, connection_id: int | None = None, code: str | None = None) -> list[HoldGroup]:
    """Of all open holds that match, the largest first. A deal with several problems is in several."""
    with database.cursor() as cursor:
        cursor.execute(GROUPS, {"connection": connection_id, "code": code})
        rows = cursor.fetchall()
    stakes: dict[tuple[GroupKey, str], Stake] = {}
    said: dict[tuple[GroupKey, str], tuple[str, str, str]] = {}
    for connection, of_code, key, label, raw, currency, cure, sentence, fact, *figures in rows:
        number, told, value, oldest = figures
        place = GroupKey(connection_id=connection, code=of_code, key=key, raw=raw), label
        stakes[place] = stakes.get(place, NOTHING) + stake(
            number=number, told=told, currency=currency, value=value, oldest=oldest
        )
        said[place] = sentence, cure, fact
    groups = [
        HoldGroup(name=name, field=label, sentence=sentence, cure=cure, fact=fact, stake=one)
        for (name, label), one in stakes.items()
        for sentence, cure, fact in [said[name, label]]
    ]
    return sorted(
        groups, key=lambda one: (-one.stake.number, one.stake.oldest_at, one.name.code, one.name.raw)
    )


def stake(*, number: int, told: int, currency: str, value: Any, oldest: datetime) -> Stake:
    known = {currency: int(value)} if told and currency else {}
    return Stake(number=number, oldest_at=oldest, values=known, unknown=number - told if known else number)


def group_of(name: GroupKey) -> HoldGroup | None:
    """As it stands now; None once nothing is held for that any more."""
    found = hold_groups(connection_id=name.connection_id, code=name.code)
    return next((one for one in found if one.name == name), None)


def whole_stake(*, filters: Mapping[str, Any]) -> Stake:
    """Of all open holds that match. Each deal counts once, however many problems it has."""
    rows = (
        narrowed(Hold.objects.open(), filters=filters)
        .order_by("currency")
        .values("currency")
        .annotate(
            number=Count("pk"), told=Count("value_minor"), value=Sum("value_minor"), oldest=Min("opened_at")
        )
    )
    return sum((stake(**row) for row in rows), start=NOTHING)


def members(name: GroupKey) -> list[int]:
    """Ids of the group's open holds, the oldest first."""
    with database.cursor() as cursor:
        cursor.execute(MEMBERS, params_of(name))
        return [key for (key,) in cursor.fetchall()]


def cured_by_translating(name: GroupKey) -> list[int]:
    """Ids of the held deals whose field reads like the raw value, in whatever case and blanks."""
    with database.cursor() as cursor:
        cursor.execute(RAW_VALUES, params_of(name))
        rows = cursor.fetchall()
    words = same_words(name.raw)
    return sorted({key for raw, keys in rows if same_words(raw) == words for key in keys})


def to_read_again(name: GroupKey) -> list[str]:
    """The group's deals that are marked to be read again, by their ids in the CRM."""
    marked = CrmDeal.objects.held().filter(fingerprint="", pk__in=cured_by_translating(name))
    return list(marked.order_by("pk").values_list("external_id", flat=True))


def params_of(name: GroupKey) -> dict[str, Any]:
    return {"connection": name.connection_id, "code": name.code, "key": name.key, "raw": name.raw}
