from pathlib import Path

import pytest
import requests

from demo.http_server import Router, Server
from demo.pages import (
    STYLESHEET_PATH,
    Markup,
    Templates,
    add_stylesheet,
    escape,
    hidden_fields,
    options,
    page,
    pager,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<b>\"&'", "&lt;b&gt;&quot;&amp;&#x27;"),
        (Markup("<b>"), "<b>"),
        (None, ""),
        (12.5, "12.5"),
    ],
)
def test_escape(value: object, expected: str) -> None:
    assert escape(value) == expected


def test_template_escapes_what_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<p title="$title">$text</p>\n')

    rendered = Templates(folder=tmp_path).render("a.html", title='"', text=Markup("<i>x</i>"))

    assert rendered == '<p title="&quot;"><i>x</i></p>\n'


def test_page_names_the_simulator_and_its_menu() -> None:
    response = page(simulator="HubSpot", title="A & B", content=Markup("<p>x</p>"), links={"Deals": "/"})

    text = response.body.decode()
    assert "<title>A &amp; B - Simulated HubSpot</title>" in text
    assert '<body class="hubspot">' in text
    assert '<a href="/">Deals</a>' in text
    assert response.headers == {"Cache-Control": "no-store"}


def test_options_mark_the_selected_one() -> None:
    assert options([("", "None"), ("<", "<")], selected="<") == (
        '<option value="" >None</option>\n\n<option value="&lt;" selected>&lt;</option>\n'
    )


def test_hidden_fields() -> None:
    assert hidden_fields({"a": '"'}) == '<input type="hidden" name="a" value="&quot;">\n'


@pytest.mark.parametrize(("number", "links"), [(1, ["Next"]), (2, ["Previous", "Next"]), (3, ["Previous"])])
def test_pager_links(number: int, links: list[str]) -> None:
    rendered = pager(page_number=number, page_count=3, address="/?page=")

    assert [word for word in ("Previous", "Next") if word in rendered] == links
    assert f"Page {number} of 3" in rendered


def test_pager_of_one_page_is_empty() -> None:
    assert pager(page_number=1, page_count=1, address="/?page=") == ""


def test_stylesheet_is_served() -> None:
    router = Router()
    add_stylesheet(router)
    with Server(router) as server:
        response = requests.get(server.url + STYLESHEET_PATH, timeout=5)

    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/css;charset=UTF-8")
