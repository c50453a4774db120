"""The pages of the simulated CRMs: HTML files with `$name` places that are escaped unless already markup."""

import html
import string
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from demo.messages import Request, Response, html_response
from demo.routing import Router

HERE = Path(__file__).parent
STYLESHEET_PATH = "/demo/style.css"


class Markup(str):
    """Text that is already HTML and is not escaped again."""

    __slots__ = ()


def escape(value: object) -> Markup:
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else html.escape(str(value)))


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("\n".join(parts))


@cache
def _template(path: Path) -> string.Template:
    return string.Template(path.read_text())


class Templates:
    """Renders the `.html` files of one folder."""

    def __init__(self, *, folder: Path) -> None:
        self._folder = folder

    def render(self, name: str, /, **values: object) -> Markup:
        escaped = {key: escape(value) for key, value in values.items()}
        return Markup(_template(self._folder / name).substitute(escaped))


SHARED = Templates(folder=HERE / "templates")


def page(
    *,
    simulator: str,
    title: str,
    content: Markup,
    links: Mapping[str, str] | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """A whole page, labelled as simulated. `simulator` is the CRM's name, `links` the menu by label."""
    menu = join(SHARED.render("link.html", label=label, href=href) for label, href in (links or {}).items())
    text = SHARED.render(
        "page.html",
        simulator=simulator,
        kind=simulator.lower(),
        title=title,
        content=content,
        menu=menu,
        stylesheet=STYLESHEET_PATH,
    )
    return html_response(text, status=status, headers={"Cache-Control": "no-store", **(headers or {})})


def options(values: Iterable[tuple[str, str]], *, selected: str) -> Markup:
    """Choices of a select element, as pairs of value and label."""
    return join(
        SHARED.render(
            "option.html", value=value, label=label, selected="selected" if value == selected else ""
        )
        for value, label in values
    )


def hidden_fields(values: Mapping[str, str]) -> Markup:
    return join(SHARED.render("hidden.html", name=name, value=value) for name, value in values.items())


def pager(*, page_number: int, page_count: int, address: str) -> Markup:
    """Links to the previous and the next page; `address` ends where the page number belongs."""
    if page_count < 2:
        return Markup("")
    return SHARED.render(
        "pager.html",
        page_number=page_number,
        page_count=page_count,
        previous=_step("Previous", page_number - 1, page_count, address),
        next=_step("Next", page_number + 1, page_count, address),
    )


def _step(label: str, number: int, page_count: int, address: str) -> Markup:
    if not 1 <= number <= page_count:
        return escape("")
    return SHARED.render("link.html", label=label, href=f"{address}{number}")


def serve_stylesheet(request: Request) -> Response:
    return Response(
        body=(HERE / "templates" / "style.css").read_bytes(),
        content_type="text/css;charset=UTF-8",
        headers={"Cache-Control": "max-age=60"},
    )


def add_stylesheet(router: Router) -> None:
    router.add("GET", STYLESHEET_PATH, serve_stylesheet)
