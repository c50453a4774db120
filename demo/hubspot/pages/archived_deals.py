"""The recycle bin: archived deals, to be restored or deleted for good."""

from demo.hubspot.pages import shown_deals
from demo.hubspot.pages.shell import TEMPLATES, hubspot_page, missing_page, notice
from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.messages import Request, Response, redirect
from demo.pages import Markup, join

SHOWN = 100


def show_archived(request: Request, portal: Portal) -> Response:
    archived = [deal for deal in portal.objects["deals"].records.values() if deal.archived_at]
    latest = sorted(archived, key=_archived_last, reverse=True)[:SHOWN]
    words = "Archived" if request.argument("done") in portal.objects["deals"].records else ""
    content = TEMPLATES.render(
        "archived_deals.html",
        notice=notice(words or {"deleted": "Deleted for good"}.get(request.argument("done"), "")),
        count=f"{len(archived):,}",
        rows=join(_row(portal, deal) for deal in latest) or TEMPLATES.render("no_archived_deals.html"),
    )
    return hubspot_page(title="Archived deals", content=content)


def restore_deal(request: Request, portal: Portal, *, deal_id: str) -> Response:
    if portal.objects["deals"].find(deal_id, archived=True) is None:
        return missing_page()
    portal.restore_deal(deal_id)
    return redirect(f"/deals/{deal_id}?done=restored", status=303)


def delete_deal(request: Request, portal: Portal, *, deal_id: str) -> Response:
    if portal.objects["deals"].find(deal_id, archived=True) is None:
        return missing_page()
    portal.delete_for_good("deals", deal_id)
    return redirect("/archived?done=deleted", status=303)


def _archived_last(deal: Record) -> tuple[str, int]:
    return deal.archived_at.isoformat() if deal.archived_at else "", int(deal.id)


def _row(portal: Portal, deal: Record) -> Markup:
    archived_at = deal.archived_at.astimezone(portal.zone) if deal.archived_at else ""
    return TEMPLATES.render(
        "archived_deal_row.html",
        id=deal.id,
        name=shown_deals.deal_name(deal),
        amount=shown_deals.amount_words(deal),
        archived_at=f"{archived_at:%Y-%m-%d %H:%M}",
    )
