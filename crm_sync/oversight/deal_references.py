"""What people paste to name a deal: an id, a link of a CRM, or its name. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from crm_sync.clients.facts import ProviderFacts
from crm_sync.clients.registry import PROVIDERS

LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DealReference:
    """Without an id it is a name, of any provider. `org` and `host` are those of a link."""

    text: str
    provider: str = ""
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
    for crm in PROVIDERS.values():
        if crm.is_deal_id(text):
            return DealReference(text=text, provider=crm.key, external_id=id_of(text, crm=crm))
    for crm in PROVIDERS.values():
        if wrong := crm.wrong_id(text):
            raise ValueError(wrong)
    return DealReference(text=text)


def read_link(text: str) -> DealReference:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("This link cannot be read. Paste the id of the deal instead.") from None
    found = [(crm, deal) for crm in PROVIDERS.values() if (deal := crm.deal_in_link(parts))]
    if not found:
        raise ValueError(
            "This link leads to no deal. Open the deal in the CRM and copy the address from there."
        )
    crm, deal = max(found, key=lambda pair: bool(pair[1].org))  # one that names its org as well is the surer
    return DealReference(
        text=text,
        provider=crm.key,
        external_id=id_of(deal.external_id, crm=crm),
        org=deal.org,
        host=(parts.hostname or "").lower(),
    )


def id_of(text: str, *, crm: ProviderFacts) -> str:
    try:
        return crm.external_id(text)
    except ValueError as error:
        raise ValueError(f"{error}. Copy the id again.") from None
