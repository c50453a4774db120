"""What the CRMs have told of won deals: one row per deal, whatever has become of it here.

Every page of deals brings it up to date in its own transaction. The daily sweep proves that it is complete.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection as database

from contracts.models import NAME_LENGTH
from contracts.money import Money
from crm_sync.deals import Deal
from crm_sync.mapping.readers import printable
from crm_sync.models import WonDeal

NOTE = """
INSERT INTO crm_sync_wondeal AS kept
    (org_id, external_id, name, url, close_date, day, currency, value_minor, modified_at)
SELECT %(org)s, external_id, name, url, close_date, coalesce(close_date, %(as_of)s),
    currency, value_minor, modified_at
FROM unnest(
    %(external_ids)s::text[], %(names)s::text[], %(urls)s::text[], %(close_dates)s::date[],
    %(currencies)s::text[], %(values)s::bigint[], %(moments)s::timestamptz[]
) AS told(external_id, name, url, close_date, currency, value_minor, modified_at)
ON CONFLICT (org_id, external_id) DO UPDATE SET
    name = excluded.name, url = excluded.url, close_date = excluded.close_date,
    day = coalesce(excluded.close_date, kept.day), currency = excluded.currency,
    value_minor = excluded.value_minor, modified_at = excluded.modified_at, gone_at = NULL
WHERE kept.modified_at <= excluded.modified_at
  AND (kept.name, kept.url, kept.close_date, kept.currency, kept.value_minor, kept.gone_at) IS DISTINCT FROM
      (excluded.name, excluded.url, excluded.close_date, excluded.currency, excluded.value_minor, NULL)
"""
GONE = """
UPDATE crm_sync_wondeal kept SET gone_at = now()
FROM unnest(%s::text[], %s::timestamptz[]) AS told(external_id, modified_at)
WHERE kept.org_id = %s AND kept.external_id = told.external_id
  AND kept.gone_at IS NULL AND kept.modified_at <= told.modified_at
"""
BETWEEN = """
SELECT external_id FROM crm_sync_wondeal
WHERE org_id = %(org)s AND gone_at IS NULL AND close_date >= %(since)s
  AND (length(external_id), external_id COLLATE "C") > (%(after_length)s, %(after)s COLLATE "C")
  AND (%(up_to)s::text IS NULL
       OR (length(external_id), external_id COLLATE "C") <= (%(up_to_length)s, %(up_to)s COLLATE "C"))
  AND NOT external_id = ANY(%(but)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One won deal and its contract value, where that can be read."""

    deal: Deal
    value: Money | None


def note_won(*, org_id: int, told: Sequence[Told], as_of: date) -> None:
    """In the caller's transaction. An answer older than what is noted changes nothing; nor does the same."""
    if not told:
        return
    params: dict[str, Any] = {
        "org": org_id,
        "as_of": as_of,
        "external_ids": [one.deal.external_id for one in told],
        "names": [printable(one.deal.name, longest=NAME_LENGTH) for one in told],
        "urls": [one.deal.url for one in told],
        "close_dates": [one.deal.close_date for one in told],
        "currencies": [one.value.currency if one.value else "" for one in told],
        "values": [one.value.minor if one.value else None for one in told],
        "moments": [one.deal.modified_at for one in told],
    }
    with database.cursor() as cursor:
        cursor.execute(NOTE, params)


def note_gone(*, org_id: int, moments: Mapping[str, datetime]) -> None:
    """No longer won, by an answer of that moment."""
    if moments:
        with database.cursor() as cursor:
            cursor.execute(GONE, [list(moments), list(moments.values()), org_id])


def not_told(*, org_id: int, external_ids: Sequence[str]) -> list[str]:
    """Those of the CRM's won ids that are not noted as won."""
    noted = WonDeal.objects.filter(org_id=org_id, external_id__in=external_ids, gone_at=None)
    known = set(noted.values_list("external_id", flat=True))
    return [key for key in external_ids if key not in known]


def told_between(
    *, org_id: int, after: str, up_to: str | None, but: Collection[str], since: date
) -> list[str]:
    """Noted as won between two ids, in the order of both CRMs, and not among those of the CRM's list."""
    params: dict[str, Any] = {
        "org": org_id,
        "since": since,
        "after": after,
        "after_length": len(after),
        "up_to": up_to,
        "up_to_length": len(up_to or ""),
        "but": list(but),
    }
    with database.cursor() as cursor:
        cursor.execute(BETWEEN, params)
        return [external_id for (external_id,) in cursor.fetchall()]
