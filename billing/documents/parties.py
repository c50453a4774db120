"""Seller and buyer of a document as they are printed, from the frozen copy in either of its formats."""

from collections.abc import Mapping
from typing import Any

from billing.documents.content import Party
from contracts.addresses import Address, printed_lines


def party_of(copy: Mapping[str, Any], *, language: str, from_country: str = "") -> Party:
    """`from_country`: that of the sender, which is not printed in an address there."""
    if copy.get("format", 1) < 2:
        return Party(name=copy["name"], address=copy["address"], tax_id=copy["tax_id"])
    kept = copy["address"]
    address = Address(
        street="\n".join(kept["lines"]),
        post_code=kept["post_code"],
        city=kept["city"],
        region=kept["region"],
        country=kept["country"],
    )
    return Party(
        name=copy.get("printed_name") or copy["name"],
        address="\n".join(printed_lines(address, language=language or "en", from_country=from_country)),
        vat_id=copy["vat_id"],
        tax_number=copy["tax_number"],
        company_id=copy["company_id"],
        legal_info=copy.get("legal_info", ""),
    )


def country_of_copy(copy: Mapping[str, Any]) -> str:
    """The country that a frozen copy names; empty in the first format, which has a text alone."""
    return str(copy["address"]["country"]) if copy.get("format", 1) >= 2 else ""
