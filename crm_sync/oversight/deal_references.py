"""What people paste to name a deal: an id, a link of either CRM, or its name. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from crm_sync.clients.salesforce.values import to_18
from crm_sync.enums import Provider

SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
IN_SALESFORCE_LINK = re.compile(r"(?<![A-Za-z0-9])(006[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?)(?![A-Za-z0-9])")
IN_HUBSPOT_LINK = re.compile(r"/contacts/([0-9]+)/(?:record/0-3|deal|deals)/([0-9]+)")
LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DealReference:
    """Without an id it is a name. `org` is the portal of a HubSpot link, `host` where any link leads."""

    text: str
    provider: Provider | None = None
    external_id: str = ""
    org: str = ""
    host: str = ""


def read_reference(typed: str) -> DealReference:
    """ValueError, with a sentence, for what names no deal."""
    text = " ".join(typed.replace("\x00", " ").split())[:LONGEST]
    if not text:
        raise ValueError("Enter the id, the link or the name of a deal.")
    if "://" in text:
        return read_link(text)
    if text.isascii() and text.isdigit() and not (text.startswith("006") and len(text) in (15, 18)):
        return DealReference(text=text, provider=Provider.HUBSPOT, external_id=text.lstrip("0") or "0")
    if SALESFORCE_ID.fullmatch(text) and text.startswith("006"):
        return DealReference(text=text, provider=Provider.SALESFORCE, external_id=salesforce_id(text))
    if SALESFORCE_ID.fullmatch(text) and text.startswith(("001", "003", "005", "00D")):
        raise ValueError(
            "This is a Salesforce id of something else: the id of an opportunity begins with 006."
        )
    return DealReference(text=text)


def read_link(text: str) -> DealReference:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("This link cannot be read. Paste the id of the deal instead.") from None
    host = (parts.hostname or "").lower()
    in_hubspot = IN_HUBSPOT_LINK.search(parts.path)
    if in_hubspot:
        org, deal_id = in_hubspot.groups()
        return DealReference(text=text, provider=Provider.HUBSPOT, external_id=deal_id, org=org, host=host)
    in_salesforce = IN_SALESFORCE_LINK.search(f"{parts.path}?{parts.query}#{parts.fragment}")
    if in_salesforce:
        return DealReference(
            text=text, provider=Provider.SALESFORCE, external_id=salesforce_id(in_salesforce[1]), host=host
        )
    raise ValueError("This link leads to no deal. Open the deal in the CRM and copy the address from there.")


def salesforce_id(text: str) -> str:
    try:
        return to_18(text)
    except ValueError as error:
        raise ValueError(f"{error}. Copy the id again.") from None
