"""The frame of every page of the simulated portal."""

from pathlib import Path

from demo.messages import Response
from demo.pages import Markup, Templates, options, page

TEMPLATES = Templates(folder=Path(__file__).parent.parent / "templates")
MENU = {
    "Deals": "/",
    "New deal": "/deals/new",
    "Archived": "/archived",
    "Stages": "/stages",
    "Limits and tokens": "/limits",
    "Faults": "/faults",
    "Set up": "/set-up",
}


def hubspot_page(*, title: str, content: Markup, status: int = 200) -> Response:
    return page(simulator="HubSpot", title=title, content=content, links=MENU, status=status)


def notice(text: str) -> Markup:
    return TEMPLATES.render("notice.html", text=text) if text else Markup("")


def refusal(text: str) -> Markup:
    return TEMPLATES.render("refusal.html", text=text)


def missing_page(title: str = "No such deal") -> Response:
    return hubspot_page(title=title, content=notice("It may have been merged or deleted."), status=404)


def yes_or_no(value: bool) -> Markup:
    """The choices of a select element."""
    return options((("yes", "Yes"), ("no", "No")), selected="yes" if value else "no")
