"""The frame of every page of the simulated portal."""

from pathlib import Path

from demo.http_server import Response
from demo.pages import Markup, Templates, page

TEMPLATES = Templates(folder=Path(__file__).parent.parent / "templates")
MENU = {"Deals": "/", "New deal": "/deals/new", "Set up": "/set-up"}


def hubspot_page(*, title: str, content: Markup, status: int = 200) -> Response:
    return page(simulator="HubSpot", title=title, content=content, links=MENU, status=status)


def notice(text: str) -> Markup:
    return TEMPLATES.render("notice.html", text=text) if text else Markup("")


def refusal(text: str) -> Markup:
    return TEMPLATES.render("refusal.html", text=text)


def missing_page() -> Response:
    return hubspot_page(
        title="No such deal", content=notice("It may have been merged or deleted."), status=404
    )
