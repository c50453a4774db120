"""A deal in the words a person reads: names instead of ids, days in the portal's zone."""

from decimal import Decimal, InvalidOperation

from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.hubspot.timestamps import read_moment


def deal_name(deal: Record) -> str:
    return deal.properties.get("dealname") or f"Deal {deal.id}"


def stage_words(portal: Portal, deal: Record) -> tuple[str, str]:
    """The labels of the stage and of its pipeline."""
    stage_id = deal.properties.get("dealstage")
    stage = portal.stage(stage_id)
    if stage:
        return stage.label, portal.pipeline_of(stage).label
    return (f"Deleted stage {stage_id}", "") if stage_id else ("No stage", "")


def company_name(portal: Portal, company_id: str) -> str:
    company = portal.objects["companies"].records[company_id]
    return company.properties.get("name") or f"Company {company_id} without a name"


def company_words(portal: Portal, deal: Record) -> str:
    return ", ".join(company_name(portal, company_id) for company_id in portal.companies_of(deal.id))


def owner_words(portal: Portal, owner_id: str | None) -> str:
    owner = portal.owners.get(owner_id or "")
    if owner is None:
        return ""
    return f"{owner.name} (deactivated)" if owner.archived else owner.name


def amount_words(deal: Record) -> str:
    amount = deal.properties.get("amount")
    if not amount:
        return ""
    try:
        figure = f"{Decimal(amount):,}"
    except InvalidOperation:
        figure = amount
    return f"{figure} {deal.properties.get('deal_currency_code') or ''}".strip()


def close_day(portal: Portal, deal: Record) -> str:
    moment = deal.properties.get("closedate")
    return f"{read_moment(moment).astimezone(portal.zone):%Y-%m-%d}" if moment else ""


def can_be_won(portal: Portal, deal: Record) -> bool:
    """An open deal whose pipeline has a stage for won ones."""
    stage = portal.stage(deal.properties.get("dealstage"))
    if stage and stage.closed:
        return False
    pipeline = portal.pipeline(deal.properties.get("pipeline") or "default")
    return pipeline is not None and any(each.won for each in pipeline.stages)
