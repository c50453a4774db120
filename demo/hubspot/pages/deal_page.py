"""One deal: its form, saving it, making a new one, closing it."""

from urllib.parse import urlencode

from demo.hubspot.pages import deal_fields, shown_deals
from demo.hubspot.pages.deal_actions import actions_panel
from demo.hubspot.pages.deal_fields import Fields
from demo.hubspot.pages.deal_list import close_won_button, stage_choices
from demo.hubspot.pages.shell import TEMPLATES, hubspot_page, missing_page, notice, refusal
from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.hubspot.standard_properties import CURRENCIES, FREQUENCIES
from demo.messages import Request, Response, redirect
from demo.pages import Markup, escape, join, options

NOTICES = {
    "saved": "Saved",
    "made": "Deal made",
    "won": "Closed won",
    "merged": "Merged. The two deals are one now, with a record ID of its own.",
    "restored": "Restored",
    "delayed": "Search sees what changes on this deal only at the end of these minutes.",
}


def show_deal(request: Request, portal: Portal, *, deal_id: str) -> Response:
    deal = portal.objects["deals"].find(deal_id)
    if deal is None:
        return missing_page()
    top = notice(NOTICES.get(request.argument("done"), ""))
    return _deal_page(portal, deal, deal_fields.fields_of(portal, deal), top=top)


def save_deal(request: Request, portal: Portal, *, deal_id: str) -> Response:
    deal = portal.objects["deals"].find(deal_id)
    if deal is None:
        return missing_page()
    before, after = deal_fields.fields_of(portal, deal), deal_fields.submitted(request.form())
    if found := deal_fields.problems(after):
        return _deal_page(portal, deal, after, top=_refusals(found), status=400)
    changed = deal_fields.changed_properties(before=before, after=after, zone=portal.zone)
    if changed:
        portal.update_deal(deal_id, **changed)
    if after["company"] != before["company"]:
        _change_company(portal, deal_id, after["company"])
    return redirect(f"/deals/{deal_id}?done=saved", status=303)


def show_new_deal(request: Request, portal: Portal) -> Response:
    return _new_deal_page(portal, deal_fields.fields_of_new_deal(portal))


def make_deal(request: Request, portal: Portal) -> Response:
    fields = deal_fields.submitted(request.form())
    if found := deal_fields.problems(fields):
        return _new_deal_page(portal, fields, top=_refusals(found), status=400)
    empty = dict.fromkeys(fields, "")
    properties = deal_fields.changed_properties(before=empty, after=fields, zone=portal.zone)
    deal_id = portal.add_deal(
        company_id=fields["company"] or None, created_at=None, modified_at=None, **properties
    )
    return redirect(f"/deals/{deal_id}?done=made", status=303)


def close_won(request: Request, portal: Portal, *, deal_id: str) -> Response:
    """Goes back to where the button was: the deal's own page or the list."""
    deal = portal.objects["deals"].find(deal_id)
    if deal is None:
        return missing_page()
    if shown_deals.can_be_won(portal, deal):
        portal.close_won(deal_id)
    place = request.form()
    if "page" not in place:
        return redirect(f"/deals/{deal_id}?done=won", status=303)
    back = {name: place.get(name, "") for name in ("q", "stage", "page")}
    return redirect(f"/?{urlencode({**back, 'won': deal_id})}", status=303)


def follow_record_link(request: Request, portal: Portal, *, deal_id: str) -> Response:
    return redirect(f"/deals/{deal_id}")


def _deal_page(portal: Portal, deal: Record, fields: Fields, *, top: Markup, status: int = 200) -> Response:
    companies = join(_company_link(portal, key) for key in portal.companies_of(deal.id))
    changed_at = deal.updated_at.astimezone(portal.zone)
    can_close = shown_deals.can_be_won(portal, deal)
    content = _form(
        portal,
        fields,
        address=f"/deals/{deal.id}",
        top=top,
        facts=f"Record {deal.id}. Last changed {changed_at:%Y-%m-%d %H:%M}.",
        links=companies or escape("No company"),
        close_won=close_won_button(deal, {}) if can_close else escape(""),
        more=actions_panel(deal),
    )
    return hubspot_page(title=shown_deals.deal_name(deal), content=content, status=status)


def _new_deal_page(
    portal: Portal, fields: Fields, *, top: Markup | None = None, status: int = 200
) -> Response:
    content = _form(
        portal, fields, address="/deals/new", top=top, facts="A deal in an open or a closed stage."
    )
    return hubspot_page(title="New deal", content=content, status=status)


def _form(
    portal: Portal,
    fields: Fields,
    *,
    address: str,
    facts: str,
    top: Markup | None = None,
    links: Markup | None = None,
    close_won: Markup | None = None,
    more: Markup | None = None,
) -> Markup:
    return TEMPLATES.render(
        "deal.html",
        notice=top,
        facts=facts,
        address=address,
        zone=portal.time_zone,
        links=links,
        close_won=close_won,
        more=more,
        stages=options(_stage_choices(portal, fields["dealstage"]), selected=fields["dealstage"]),
        currencies=options(
            [("", "Company currency"), *CURRENCIES.items()], selected=fields["deal_currency_code"]
        ),
        frequencies=options([("", "Not set"), *FREQUENCIES.items()], selected=fields["billing_frequency"]),
        companies=options(_company_choices(portal), selected=fields["company"]),
        owners=options(_owner_choices(portal), selected=fields["hubspot_owner_id"]),
        **{name: fields[name] for name in ("dealname", "amount", "closedate", "contract_term_months")},
        po_number=fields["po_number"],
    )


def _stage_choices(portal: Portal, current: str) -> list[tuple[str, str]]:
    """With the stage that the deal is in, should it have been deleted."""
    deleted = [(current, f"Deleted stage {current}")] if current and not portal.stage(current) else []
    return [("", "No stage"), *deleted, *stage_choices(portal)]


def _company_link(portal: Portal, company_id: str) -> Markup:
    name = shown_deals.company_name(portal, company_id)
    return TEMPLATES.render("company_link.html", id=company_id, name=name)


def _company_choices(portal: Portal) -> list[tuple[str, str]]:
    names = ((key, shown_deals.company_name(portal, key)) for key in portal.objects["companies"].records)
    return [("", "None"), *sorted(names, key=lambda choice: choice[1].lower())]


def _owner_choices(portal: Portal) -> list[tuple[str, str]]:
    return [("", "No owner"), *((key, shown_deals.owner_words(portal, key)) for key in portal.owners)]


def _change_company(portal: Portal, deal_id: str, company_id: str) -> None:
    for linked in portal.companies_of(deal_id):
        portal.unlink_company(deal_id, linked)
    if company_id:
        portal.link_company(deal_id, company_id)


def _refusals(found: list[str]) -> Markup:
    return join(refusal(text) for text in found)
