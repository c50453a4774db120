"""The frame of every page of the simulated org."""

from demo.http_server import Response
from demo.pages import Markup, Templates, page

MENU = {
    "Deals": "/",
    "New deal": "/deals/new",
    "Accounts": "/accounts",
    "Recycle bin": "/bin",
    "Org": "/org",
    "Set up": "/setup",
    "Faults": "/faults",
}


def salesforce_page(title: str, content: Markup, *, status: int = 200) -> Response:
    return page(simulator="Salesforce", title=title, content=content, links=MENU, status=status)


def said(templates: Templates, text: str) -> Markup:
    """A notice; nothing for no text."""
    return templates.render("notice.html", text=text) if text else Markup()


def refusal(templates: Templates, text: str) -> Markup:
    return templates.render("refusal.html", text=text)
