"""Postal addresses in parts: how one is printed, and what can be told of one that came as a text. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.countries import country_of, name_of

CITY_BEFORE_CODE = frozenset({"US", "CA", "AU", "NZ", "IN", "BR", "TW"})
"""City, region and post code share a line, in this order."""
CODE_ON_ITS_OWN_LINE = frozenset({"GB", "IE", "GG", "IM", "JE", "GI", "ZA", "KE", "SG", "HK"})
_CODE_THEN_CITY = re.compile(r"(?:[A-Z]{1,2}-)?(\d{4,5}|\d{3} \d{2}) (\D.*)")
_CITY_THEN_UK_CODE = re.compile(r"(\D+?),? ([A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})")
_CODE_BEFORE_CITY = frozenset(
    {
        *("AT", "BE", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IT"),
        *("LI", "LT", "LU", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Parts of an address. `street`: one line or several; `country`: ISO 3166-1 alpha-2, empty if unknown."""

    street: str = ""
    post_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""

    @property
    def is_complete(self) -> bool:
        """Enough to be reached by: a country, and a street or a city in it."""
        return bool(self.country and (self.street.strip() or self.city.strip()))


def printed_lines(address: Address, *, language: str, from_country: str) -> list[str]:
    """As it stands on an envelope, the country last and only where it is not the sender's."""
    lines = [line.strip() for line in address.street.splitlines() if line.strip()]
    lines += _place(address)
    named_already = bool(lines) and country_of(lines[-1]) == address.country
    if address.country and address.country != from_country and not named_already:
        lines.append(name_of(address.country, language=language))
    return lines


def _place(address: Address) -> list[str]:
    city, region, code = address.city.strip(), address.region.strip(), address.post_code.strip()
    if address.country in CITY_BEFORE_CODE:
        tail = " ".join(part for part in (region, code) if part)
        return [part for part in (", ".join(part for part in (city, tail) if part),) if part]
    if address.country in CODE_ON_ITS_OWN_LINE:
        return [part for part in (city, region, code) if part]
    return [part for part in (" ".join(part for part in (code, city) if part), region) if part]


def read_address(text: str) -> Address | None:
    """The parts of an address that was written as one text; None where they cannot be told for certain."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 3 or not (country := country_of(lines[-1])):
        return None
    found = _place_in(lines[-2], country=country)
    if found is None:
        return None
    post_code, city = found
    return Address(street="\n".join(lines[:-2]), post_code=post_code, city=city, country=country)


def country_in(text: str) -> str:
    """The country that the last line of a text names; empty where it names none."""
    lines: Sequence[str] = [line for line in text.splitlines() if line.strip()]
    return country_of(lines[-1]) if len(lines) > 1 else ""


def _place_in(line: str, *, country: str) -> tuple[str, str] | None:
    """(post code, city)"""
    if country == "GB" and (found := _CITY_THEN_UK_CODE.fullmatch(line)):
        return found[2], found[1]
    if country in _CODE_BEFORE_CITY and (found := _CODE_THEN_CITY.fullmatch(line)):
        return found[1], found[2]
    return None
