import re
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.test import override_settings

from tests.pages import squeezed

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))


def drawn(source: str, **context: object) -> str:
    html = Template("{% load ui %}" + source).render(Context(context))
    return squeezed(html).strip()


def text(html: str) -> str:
    return re.sub(r"<[^>]+>", "", squeezed(html)).strip()


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (123456789, "USD", "USD 1,234,567.89"),
        (-333, "BHD", "BHD −0.333"),
        (100000, "JPY", "JPY 100,000"),
        (0, "EUR", "EUR 0.00"),
    ],
)
def test_money_has_the_decimals_of_its_currency(minor: int, currency: str, words: str) -> None:
    assert text(drawn("{% money minor currency %}", minor=minor, currency=currency)) == words


def test_money_leaves_out_the_currency_its_column_names() -> None:
    assert drawn("{% money 123456 'USD' column='USD' %}") == '<span class="money">1,234.56</span>'


def test_money_keeps_a_currency_its_column_does_not_name() -> None:
    assert text(drawn("{% money 123456 'USD' column='EUR' %}")) == "USD 1,234.56"


@pytest.mark.parametrize(
    ("currencies", "shared"), [([], ""), (["USD"], "USD"), (["USD", "USD"], "USD"), (["USD", "EUR"], "")]
)
def test_currency_is_shared_by_all_rows_or_by_none(currencies: list[str], shared: str) -> None:
    rows = [SimpleNamespace(currency=currency) for currency in currencies]

    assert drawn("{{ rows|one_currency }}", rows=rows) == shared


def test_day_carries_its_iso_date() -> None:
    html = drawn("{% day value %}", value=date(2026, 3, 1))

    assert html == '<time datetime="2026-03-01" title="2026-03-01">1 Mar 2026</time>'


def test_no_day_is_a_dash() -> None:
    assert text(drawn("{% day value %}", value=None)) == "–"


def test_span_shows_the_last_day_covered() -> None:
    html = drawn("{% span start end %}", start=date(2026, 1, 31), end=date(2026, 3, 1))

    assert text(html) == "31 Jan 2026&nbsp;– 28 Feb 2026"


@override_settings(TIME_ZONE="Asia/Tokyo")
def test_moment_is_in_the_current_zone() -> None:
    html = drawn("{% moment value %}", value=datetime(2026, 3, 1, 16, 5, 7, 999, tzinfo=UTC))

    assert html == (
        '<time datetime="2026-03-02T01:05:07+09:00" title="2026-03-02T01:05:07+09:00">'
        "2 Mar 2026, 01:05</time>"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"),
        (42, "about 40 seconds"),
        (130, "about 2 minutes"),
        (3600, "about 60 minutes"),
        (9000, "about 2 hours"),
    ],
)
def test_time_left_is_rough(seconds: float, words: str) -> None:
    assert drawn("{{ seconds|time_left }}", seconds=seconds) == words


def test_component_sees_its_inputs_only() -> None:
    html = drawn(
        '{% component "fact" label="PO Number" %}{{ number }}{% endcomponent %}',
        number="<4711>",
        label="not this one",
    )

    assert html == '<div class="fact"><dt>PO Number</dt> <dd>&lt;4711&gt;</dd></div>'


def test_slots_are_inputs_of_their_own_component() -> None:
    html = drawn(
        '{% component "alert" tone="bad" %}{% slot "what" %}\n  Lost\n  {{ name }}.\n{% endslot %}'
        '{% component "alert" tone="ok" %}{% slot "what" %}Kept.{% endslot %}{% endcomponent %}'
        '{% slot "why" %}Because.{% endslot %}{% endcomponent %}',
        name="<x>",
    )

    assert re.findall(r"<p[^>]*>(.*?)</p>", html) == ["Lost &lt;x&gt;.", "Because.", "Kept."]


def test_form_component_brings_its_csrf_token() -> None:
    html = drawn('{% component "form" action="/x" %}{% endcomponent %}', csrf_token="abc")

    before, token, after = re.split(r'name="once" value="([^"]{24})"', html)
    assert (before, after) == (
        '<form class="form" method="post" action="/x">'
        '<input type="hidden" name="csrfmiddlewaretoken" value="abc"> <input type="hidden" ',
        "></form>",
    )
    assert token not in drawn('{% component "form" action="/x" %}{% endcomponent %}', csrf_token="abc")


def test_field_ties_help_and_errors_to_its_control() -> None:
    class Form(forms.Form):
        name = forms.CharField(help_text="Shown on the invoice.")

    html = squeezed(str(Form({})["name"].as_field_group())).replace("> <", "><").strip()

    assert html == (
        '<div class="field"><label for="id_name">Name</label>'
        '<div class="field-help" id="id_name_helptext">Shown on the invoice.</div>'
        '<ul class="errorlist" id="id_name_error"><li>This field is required.</li></ul>'
        '<input type="text" name="name" required aria-invalid="true" '
        'aria-describedby="id_name_helptext id_name_error" id="id_name"></div>'
    )


def test_broken_page_needs_no_context() -> None:
    html = (Path(settings.BASE_DIR) / "templates/500.html").read_text()

    assert "tell support what you did and when." in text(Template(html).render(Context()))
    assert "quote the reference ab12." in text(Template(html).render(Context({"reference": "ab12"})))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_has_no_inline_script_or_style(path: Path) -> None:
    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", path.read_text()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_breaks_no_line_before_a_comma(path: Path) -> None:
    """The formatter may break a line before a tag; what the tag begins with would then stand after a blank."""
    shown = re.sub(r"{% comment %}.*?{% endcomment %}", "", path.read_text(), flags=re.S)
    blocks = r"(?:{% (?:if|elif|else|endif|for|endfor|empty)\b[^%]*%}\s*)+"

    assert re.findall(rf"[\w%}}”’)>]\s*\n\s*{blocks}[,.;:)](?!\w)", shown) == []


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if path.parent.name == "components"], ids=lambda path: path.name
)
def test_component_states_its_inputs(path: Path) -> None:
    assert path.read_text().startswith("{% comment %}\n")


def test_stylesheet_stays_small() -> None:
    assert (Path(settings.BASE_DIR) / "fincelo/static/fincelo/fincelo.css").stat().st_size < 30_000
