"""One company: its name, domain and country."""

from demo.hubspot.pages.shell import TEMPLATES, hubspot_page, missing_page, notice
from demo.hubspot.portal import Portal
from demo.messages import Request, Response, redirect

FIELDS = ("name", "domain", "country")


def show_company(request: Request, portal: Portal, *, company_id: str) -> Response:
    company = portal.objects["companies"].find(company_id)
    if company is None:
        return missing_page("No such company")
    content = TEMPLATES.render(
        "company.html",
        notice=notice("Saved" if request.argument("done") else ""),
        id=company_id,
        **{name: company.properties.get(name) or "" for name in FIELDS},
    )
    title = company.properties.get("name") or f"Company {company_id} without a name"
    return hubspot_page(title=title, content=content)


def save_company(request: Request, portal: Portal, *, company_id: str) -> Response:
    if portal.objects["companies"].find(company_id) is None:
        return missing_page("No such company")
    form = request.form()
    portal.change("companies", company_id, {name: form.get(name, "").strip() or None for name in FIELDS})
    return redirect(f"/companies/{company_id}?done=saved", status=303)
