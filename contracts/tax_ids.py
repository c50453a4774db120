"""VAT ids and tax numbers: two different things that people and CRMs write into one field. Pure.

A VAT id carries its country's prefix and a check digit. A tax number is what the tax office knows its own
tax payers by; it is printed as it was written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stdnum import get_cc_module
from stdnum.exceptions import ValidationError

VAT_PREFIXES = frozenset(
    {
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE"),
        *("IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
        *("XI", "GB", "CHE", "NO"),
    }
)
_COUNTRY_OF_PREFIX: Mapping[str, str] = {"EL": "gr", "CHE": "ch", "XI": "gb"}
_PREFIXED = re.compile(r"(CHE|[A-Z]{2})[ .\-/]?([0-9A-Z+*][0-9A-Z+* .\-/]*)")


class VatIdRefused(ValueError):
    """The text is no VAT id; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxIds:
    vat_id: str = ""
    tax_number: str = ""


def vat_id_of(text: str) -> str:
    """A VAT id in its compact form with its prefix: DE136695976, EL094259216. Raises VatIdRefused."""
    written = " ".join(text.upper().split())
    found = _PREFIXED.fullmatch(written)
    prefix = "EL" if found and found[1] == "GR" else found[1] if found else ""
    if not found or prefix not in VAT_PREFIXES:
        raise VatIdRefused("A VAT ID begins with the letters of its country, as in DE136695976.")
    body = re.sub(r"[ .\-/]", "", found[2])
    try:
        compact = str(_module(prefix).validate(body if prefix != "CHE" else f"CHE{_swiss(body)}"))
    except ValidationError as wrong:
        raise VatIdRefused(
            f"{written} is no VAT ID of {prefix}: its length or its check digit does not fit. "
            "Compare it with a letter of the company."
        ) from wrong
    bare = compact.removeprefix(prefix)
    return f"{prefix}{bare}"


def tax_ids_of(text: str) -> TaxIds:
    """What a text from a CRM or an older version is: a VAT id where it is a valid one, else a tax number.

    Nothing is dropped: what is no VAT id is printed as it was written.
    """
    written = " ".join(text.split())
    if not written:
        return TaxIds()
    try:
        return TaxIds(vat_id=vat_id_of(written))
    except VatIdRefused:
        return TaxIds(tax_number=written)


def _module(prefix: str) -> Any:
    return get_cc_module(_COUNTRY_OF_PREFIX.get(prefix, prefix.lower()), "vat")


def _swiss(body: str) -> str:
    """Switzerland writes one of three words behind the number; it asks for one of them."""
    return body if body.endswith(("MWST", "TVA", "IVA")) else f"{body}MWST"
