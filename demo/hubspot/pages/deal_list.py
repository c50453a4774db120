"""The list of deals, and closing one from it."""

from urllib.parse import urlencode

from demo.hubspot.pages import shown_deals
from demo.hubspot.pages.shell import TEMPLATES, hubspot_page, notice
from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.messages import Request, Response
from demo.pages import Markup, hidden_fields, join, options, pager

PAGE_SIZE = 25


def show_deals(request: Request, portal: Portal) -> Response:
    place = {name: request.argument(name) for name in ("q", "stage")}
    deals = _matching(portal, query=place["q"], stage_id=place["stage"])
    page_count = max(1, -(-len(deals) // PAGE_SIZE))
    asked = request.argument("page", "1")
    number = min(int(asked), page_count) if asked.isdigit() and int(asked) else 1
    shown = deals[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    here = {**place, "page": str(number)}
    content = TEMPLATES.render(
        "deals.html",
        notice=notice(_closed_words(portal, request.argument("won"))),
        query=place["q"],
        stages=options([("", "All stages"), *stage_choices(portal)], selected=place["stage"]),
        count=f"{len(deals):,} deal{'' if len(deals) == 1 else 's'}",
        zone=portal.time_zone,
        rows=join(_row(portal, deal, here) for deal in shown) or TEMPLATES.render("no_deals.html"),
        pager=pager(page_number=number, page_count=page_count, address=f"/?{urlencode(place)}&page="),
    )
    return hubspot_page(title="Deals", content=content)


def stage_choices(portal: Portal) -> list[tuple[str, str]]:
    return [(s.id, f"{pipeline.label}: {s.label}") for pipeline in portal.pipelines for s in pipeline.stages]


def close_won_button(deal: Record, place: dict[str, str]) -> Markup:
    return TEMPLATES.render(
        "close_won.html", id=deal.id, name=shown_deals.deal_name(deal), place=hidden_fields(place)
    )


def _matching(portal: Portal, *, query: str, stage_id: str) -> list[Record]:
    words = query.lower()
    found = [
        deal
        for deal in portal.objects["deals"].records.values()
        if deal.archived_at is None
        and words in (deal.properties.get("dealname") or "").lower()
        and stage_id in ("", deal.properties.get("dealstage"))
    ]
    return sorted(found, key=lambda deal: (deal.updated_at, int(deal.id)), reverse=True)


def _row(portal: Portal, deal: Record, place: dict[str, str]) -> Markup:
    stage, pipeline = shown_deals.stage_words(portal, deal)
    return TEMPLATES.render(
        "deal_row.html",
        id=deal.id,
        name=shown_deals.deal_name(deal),
        company=shown_deals.company_words(portal, deal),
        amount=shown_deals.amount_words(deal),
        close_date=shown_deals.close_day(portal, deal),
        stage=stage,
        pipeline=pipeline,
        owner=shown_deals.owner_words(portal, deal.properties.get("hubspot_owner_id")),
        action=close_won_button(deal, place) if shown_deals.can_be_won(portal, deal) else "",
    )


def _closed_words(portal: Portal, deal_id: str) -> str:
    deal = portal.objects["deals"].records.get(deal_id)
    return f"Closed won: {shown_deals.deal_name(deal)}" if deal else ""
