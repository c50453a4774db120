"""The tags and filters that pages are assembled with. Each template under components/ names its inputs."""

import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BaseForm, BoundField
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from billing.tax import percent_of
from contracts.amount_fields import Typed, currency_beside, typed_in
from contracts.money import Money
from contracts.sentences import as_written
from contracts.writing import (
    chosen,
    current,
    write_amount,
    write_day,
    write_moment,
    write_number,
    write_percent,
)
from fincelo import background, components, navigation, refused, states
from fincelo.awaited import Waiting
from fincelo.enums import WorkState
from fincelo.once import FIELD
from fincelo.roles import groups_with

register = template.Library()
register.tag(components.component)
register.tag(components.slot)

ENDINGS = {
    WorkState.FAILED: "Fincelo failed at it at {at}",
    WorkState.REFUSED: "the worker refused it at {at}, because it runs another version of Fincelo",
    WorkState.BROKE_OFF: "the worker that began it at {at} ended before it was done",
    WorkState.LOST: "it was asked for at {at} and left the queue before a worker began",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("fincelo/icons.svg"),
        name,
    )


@register.simple_tag
def once() -> SafeString:
    """The token by which a form that is sent twice is carried out once."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, secrets.token_urlsafe(18))


@register.simple_tag(takes_context=True)
def kept(context: Context, form: BaseForm | None, action: str) -> BaseForm | None:
    """The form as it was refused at this address, to be shown in place of the fresh one."""
    return form and refused.kept(getattr(context, "request", None), form, action=action)


@register.simple_tag(takes_context=True)
def who_can(context: Context, right: str) -> SafeString:
    """For somebody who lacks the right that the step beside it needs: who has it."""
    if context["request"].user.has_perm(right):
        return SafeString("")
    names = groups_with(right)
    listed = (
        " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "Nobody but an admin"
    )
    return format_html('<p class="small muted">{} can do this here. Your role can look at it.</p>', listed)


@register.simple_tag
def badge(state: str) -> SafeString:
    return _inline("badge", mark=states.mark(state=state))


@register.simple_tag
def money(minor: int, currency: str, *, column: str = "") -> SafeString:
    """With `column`, the currency that the column's heading names, only another one is shown."""
    told = Money(minor=minor, currency=currency)
    return _inline(
        "money",
        currency="" if currency == column else currency,
        text=write_amount(told),
        currency_first=current().currency_first,
    )


@register.simple_tag(takes_context=True)
def work(context: Context, waiting: Waiting | None, back: str = "", *, polls: bool = True) -> SafeString:
    """Background work that the page waits for; nothing when there is none, or when it is done."""
    request = context["request"]
    if waiting is None:
        return SafeString("")
    back = back or request.get_full_path()
    inputs = {
        "waiting": waiting,
        "back": back,
        "back_query": urlencode({"next": back}),
        "ended": ended_sentence(waiting) if waiting.is_over else "",
        "stuck": stuck_sentence(waiting) if waiting.is_stuck else "",
        "polls": polls and waiting.may_be_seen_by(request.user),
        "may_decide": waiting.may_be_started_by(request.user),
        "csrf_token": context.get("csrf_token"),
    }
    return SafeString(render_to_string("components/work.html", inputs))


def ended_sentence(waiting: Waiting) -> str:
    at = timezone.localtime(waiting.over_at).strftime("%H:%M")
    return f"{waiting.label}: {ENDINGS[waiting.state].format(at=at)}."


def stuck_sentence(waiting: Waiting) -> str:
    since = timezone.localtime(waiting.silent_since).strftime("%H:%M")
    return f"The worker has given no sign of life since {since}."


@register.simple_tag
def awaited(name: str, subject: str) -> Waiting | None:
    """The work of a task, named by its dotted path, for a subject."""
    return background.waiting_for_name(name, subject=subject)


@register.simple_tag
def clock(value: datetime) -> SafeString:
    """The time of a moment of today."""
    local = timezone.localtime(value)
    iso = local.isoformat(timespec="seconds")
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, iso, date_format(local, "H:i:s"))


@register.simple_tag
def page_writing() -> str:
    """The code of how the page writes days and numbers, for its script."""
    return str(chosen())


@register.simple_tag
def day(value: date | None) -> SafeString:
    return _inline("day", value=value, text=write_day(value) if value else "")


@register.simple_tag
def last_day(end: date) -> SafeString:
    """The last day covered by a half-open span that ends before `end`."""
    return day(end - timedelta(days=1))


@register.simple_tag
def span(start: date, end: date) -> SafeString:
    return _inline("span", start=start, end=end)


@register.simple_tag
def moment(value: datetime | None) -> SafeString:
    if not value:
        return _inline("moment", value=None)
    local = timezone.localtime(value)
    return _inline("moment", value=local, iso=local.isoformat(timespec="seconds"), text=write_moment(local))


@register.inclusion_tag("components/navigation.html", takes_context=True)
def navigation_links(context: Context) -> dict[str, Any]:
    request = context["request"]
    return {
        "groups": [
            (heading, navigation.links(entries=entries, user=request.user, path=request.path))
            for heading, entries in (("", navigation.WORK), ("Settings", navigation.SETTINGS))
        ],
        "open_hold_count": context.get("open_hold_count", 0),
        "open_change_count": context.get("open_change_count", 0),
        "demo_links": context.get("demo_links", ()),
    }


@register.filter
def written(text: Any) -> Any:
    """A sentence with its days and numbers as the page writes them. What is HTML already stays as it is."""
    if text is None or isinstance(text, SafeString):
        return text
    return as_written(str(text))


@register.filter
def as_read(value: str, transform: str) -> str:
    """What a CRM's value was read as: a number where the transform reads one."""
    if transform.startswith(("number", "percent")):
        with suppress(InvalidOperation):
            return write_number(Decimal(value))
    return as_written(value)


@register.filter
def readings(field: BoundField) -> list[tuple[str, str]]:
    """(plain form, as the page writes it) of each amount that the refused text of a field can mean."""
    return [
        reading for error in field.errors.as_data() for reading in (error.params or {}).get("readings", ())
    ]


@register.filter
def typed(field: BoundField) -> Typed | None:
    """What stands in a field for a number; None for other fields, and those that say what is wrong."""
    return typed_in(field)


@register.filter
def read_from(field: BoundField) -> str:
    """The ids of the control of a number and of that of its currency."""
    beside = currency_beside(field)
    return f"{field.id_for_label} {beside.id_for_label}" if beside else field.id_for_label


@register.filter
def amount(minor: int, currency: str) -> str:
    """Minor units as digits, grouped, with the currency's own decimals."""
    return write_amount(Money(minor=minor, currency=currency))


@register.filter
def percent(rate: int) -> str:
    """A tax rate, kept in thousandths of a percent."""
    return write_percent(percent_of(rate=rate))


@register.filter
def one_currency(rows: Iterable[Any]) -> str:
    """The currency that all rows share; empty where they differ."""
    currencies = {row.currency for row in rows}
    return currencies.pop() if len(currencies) == 1 else ""


@register.filter
def count(number: int) -> str:
    return write_number(number)


@register.filter
def grouped(number: Decimal) -> str:
    """1,234.50: all its digits, as they were told."""
    return write_number(number)


@register.filter
def contract_count(number: int) -> str:
    return "1 contract" if number == 1 else f"{count(number)} contracts"


@register.filter
def draft_count(number: int) -> str:
    return f"{count(number)} {'draft' if number == 1 else 'drafts'}"


@register.filter
def state_word(state: str) -> str:
    return states.mark(state=state).word


@register.filter
def state_tone(state: str) -> str:
    return states.mark(state=state).tone


@register.filter
def time_left(seconds: float) -> str:
    """A rough duration, as a person would say it."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {minutes} minutes"
    return f"about {round(minutes / 60)} hours"


def _inline(name: str, **inputs: Any) -> SafeString:
    """A component that stands within a sentence: without the line break its file ends with."""
    html = render_to_string(f"components/{name}.html", inputs)
    return mark_safe(html.strip())  # noqa: S308  a rendered template
