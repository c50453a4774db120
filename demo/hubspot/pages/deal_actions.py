"""What can be done with a deal beside editing it: archive it, merge it, keep it out of search for a while."""

from demo.hubspot.pages.shell import TEMPLATES, hubspot_page, missing_page, refusal
from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.messages import Request, Response, redirect
from demo.pages import Markup


def actions_panel(deal: Record) -> Markup:
    return TEMPLATES.render("deal_actions.html", id=deal.id)


def archive_deal(request: Request, portal: Portal, *, deal_id: str) -> Response:
    if portal.objects["deals"].find(deal_id) is None:
        return missing_page()
    portal.archive_deal(deal_id)
    return redirect(f"/archived?done={deal_id}", status=303)


def merge_deal(request: Request, portal: Portal, *, deal_id: str) -> Response:
    other_id = request.form().get("other", "").strip()
    deals = portal.objects["deals"]
    if deals.find(deal_id) is None:
        return missing_page()
    if other_id == deal_id or deals.find(other_id) is None:
        words = f"There is no other deal with the record ID {other_id}."
        return hubspot_page(title="Not merged", content=refusal(words), status=400)
    merged_id = portal.merge_deals(deal_id, other_id)
    return redirect(f"/deals/{merged_id}?done=merged", status=303)


def delay_deal(request: Request, portal: Portal, *, deal_id: str) -> Response:
    """What is changed on the deal within these minutes reaches search at their end."""
    minutes = request.form().get("minutes", "")
    if portal.objects["deals"].find(deal_id) is None:
        return missing_page()
    if not minutes.isdigit():
        words = f"Not a number of minutes: {minutes}."
        return hubspot_page(title="Not delayed", content=refusal(words), status=400)
    portal.delay_in_search(deal_id, minutes=int(minutes))
    return redirect(f"/deals/{deal_id}?done=delayed", status=303)
