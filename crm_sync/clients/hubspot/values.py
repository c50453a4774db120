"""HubSpot's tokens, moments and pages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from crm_sync.clients.http import is_https_host, origin_of
from crm_sync.deals import RawValue

PRIMARY_COMPANY_TYPE = 5
"""Association type "primary company", seen from the deal."""
LONGEST_ID = 20
USUAL_TOKEN = re.compile(r"pat-[a-z]{2}\d+-[0-9a-fA-F-]{36}")
PASTED_DIRT = re.compile(r"[\s\"'\u200b\ufeff]+")
NO_COMPANY = "crm.associations.NO_ASSOCIATIONS_FOUND"
SEVERAL_COMPANIES = "The deal has several companies in HubSpot and none of them is primary."
SEVERAL_PRIMARIES = "The deal has several companies in HubSpot and more than one of them is primary."


LONGEST_LINK = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """What HubSpot says about a token."""

    portal_id: str
    scopes: frozenset[str] = field(default_factory=frozenset)


def clean_token(pasted: str) -> str:
    """The token without the quotes, blanks, "Bearer" and invisible characters that come with a paste."""
    text = PASTED_DIRT.sub(" ", pasted).strip()
    return text[7:].strip() if text.lower().startswith("bearer ") else text


def object_id(value: object) -> str:
    """HubSpot's ids are digits, mostly written as text; ValueError for anything else."""
    text = str(value)
    if not (text.isascii() and text.isdigit()) or len(text) > LONGEST_ID:
        raise ValueError("no id")
    return text


def parse_moment(text: str) -> datetime:
    """ISO 8601 in UTC, with or without milliseconds."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def to_millis(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def day_in_millis(day: date, *, time_zone: str) -> str:
    """The moment at which a calendar day begins where the portal is."""
    return to_millis(datetime.combine(day, time.min, tzinfo=ZoneInfo(time_zone)))


def local_date(text: str | None, *, time_zone: str) -> date | None:
    """The calendar day a HubSpot moment falls on where the portal is."""
    if not text:
        return None
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        return parse_moment(text).astimezone(ZoneInfo(time_zone)).date()
    except (ValueError, OverflowError):
        return None


def read_day(value: object, *, time_zone: str) -> date | None:
    """The same for a value of any kind; TypeError or ValueError where there is one and it is no moment."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise TypeError("a moment that is no text")
    day = local_date(value, time_zone=time_zone)
    if day is None:
        raise ValueError("no moment")
    return day


def plain(properties: Mapping[str, Any], names: Sequence[str]) -> dict[str, RawValue]:
    """The named properties; an empty text is no value, and neither is a list or an object."""
    values = {name: properties.get(name) or None for name in names}
    return {name: None if isinstance(value, dict | list) else value for name, value in values.items()}


def is_ui_host(host: str) -> bool:
    """Whether a host that came with an answer is one of HubSpot's own pages."""
    return is_https_host(f"https://{host}", hosts=(), suffixes=(".hubspot.com",))


def deep_link(url: str, *, ui_domain: str, portal_id: str, deal_id: str) -> str:
    """The record's own address, or the usual one where it has none that can be trusted."""
    if len(url) <= LONGEST_LINK and url.startswith("https://") and is_ui_host(origin_of(url)[8:]):
        return url
    return f"https://{ui_domain}/contacts/{portal_id}/record/0-3/{deal_id}"


def primary_company(links: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """(company id, problem) of the companies of one deal. Their order means nothing."""
    ids = sorted({object_id(link["toObjectId"]) for link in links})
    primary = [
        object_id(link["toObjectId"])
        for link in links
        for kind in link.get("associationTypes") or ()
        if kind.get("category") == "HUBSPOT_DEFINED" and kind.get("typeId") == PRIMARY_COMPANY_TYPE
    ]
    if len(set(primary)) > 1:
        return "", SEVERAL_PRIMARIES
    if primary:
        return primary[0], ""
    if len(ids) == 1:
        return ids[0], ""
    return "", SEVERAL_COMPANIES if ids else ""
