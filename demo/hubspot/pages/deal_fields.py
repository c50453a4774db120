"""The fields of the deal form: from a deal to text, and from text to the properties that changed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.hubspot.timestamps import read_moment, write_moment

PROPERTIES = (
    "dealname",
    "dealstage",
    "amount",
    "deal_currency_code",
    "closedate",
    "contract_term_months",
    "billing_frequency",
    "po_number",
    "hubspot_owner_id",
)
COMPANY = "company"

Fields = dict[str, str]


def fields_of(portal: Portal, deal: Record) -> Fields:
    fields = {name: deal.properties.get(name) or "" for name in PROPERTIES}
    if fields["closedate"]:
        local = read_moment(fields["closedate"]).astimezone(portal.zone)
        fields["closedate"] = f"{local:%Y-%m-%dT%H:%M}"
    return {**fields, COMPANY: shown_company(portal, deal.id)}


def fields_of_new_deal(portal: Portal) -> Fields:
    local = portal.clock().astimezone(portal.zone)
    given = {
        "dealstage": portal.pipelines[0].stages[0].id,
        "deal_currency_code": portal.company_currency,
        "closedate": f"{local:%Y-%m-%dT%H:%M}",
        "contract_term_months": "12",
        "billing_frequency": "annual",
    }
    return {**dict.fromkeys((*PROPERTIES, COMPANY), ""), **given}


def shown_company(portal: Portal, deal_id: str) -> str:
    """The primary company, or the only one; nothing when several are equal."""
    links = portal.companies_of(deal_id)
    primary = [company_id for company_id, types in links.items() if any(t.type_id == 5 for t in types)]
    if primary or len(links) == 1:
        return (primary or list(links))[0]
    return ""


def submitted(form: Mapping[str, str]) -> Fields:
    return {name: form.get(name, "").strip() for name in (*PROPERTIES, COMPANY)}


def problems(fields: Fields) -> list[str]:
    found = []
    if fields["amount"] and not _is_number(fields["amount"]):
        found.append(f"Amount is not a number: {fields['amount']}")
    if fields["contract_term_months"] and not _is_number(fields["contract_term_months"]):
        found.append(f"Contract Term is not a number: {fields['contract_term_months']}")
    return found


def changed_properties(*, before: Fields, after: Fields, zone: ZoneInfo) -> dict[str, str | None]:
    changed: dict[str, str | None] = {
        name: after[name] or None for name in PROPERTIES if after[name] != before[name]
    }
    if close_date := changed.get("closedate"):
        local = datetime.fromisoformat(close_date).replace(tzinfo=zone)
        changed["closedate"] = write_moment(local.astimezone(UTC))
    return changed


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
