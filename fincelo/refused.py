"""A form that is refused stays where it is: its page is shown again with what was typed and what is wrong.

A view that takes a form of another page answers with `refuse`; that page asks `kept` (in a template
`{% kept form action as form %}`) for the form that it is about to show.
"""

from copy import copy
from typing import Any, TypeVar

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, resolve_url
from django.urls import resolve

from fincelo.once import mark_refused

Form = TypeVar("Form", bound=BaseForm)


def refuse(request: HttpRequest, *, form: BaseForm, at: Any) -> HttpResponse:
    """The page at `at` (as `redirect` takes it), with the form open, as it was sent."""
    mark_refused(request)
    focus_first_error(form)
    path, _, query = resolve_url(at).partition("#")[0].partition("?")
    found = resolve(path)
    page: Any = copy(request)
    page.method, page.path, page.path_info, page.resolver_match = "GET", path, path, found
    page.META = request.META | {"QUERY_STRING": query}
    page.GET = QueryDict(query)
    page.refused_form, page.refused_action = form, request.get_full_path()
    answer: HttpResponse = found.func(page, *found.args, **found.kwargs)
    if getattr(page, "shows_refused", False):
        return answer
    for sentences in form.errors.values():  # things have changed, and the page has this form no more
        for sentence in sentences:
            messages.error(request, str(sentence))
    return redirect(at)


def kept(request: HttpRequest | None, fresh: Form, *, action: str) -> Form:
    """The form that was sent to this address and refused; else the fresh one.

    What was typed is kept. What the page itself puts into the form is as fresh as the page: it says what a
    person decides about. A form with `told_apart_by` has siblings with the same address.
    """
    if request is None or getattr(request, "refused_action", "") != action:
        return fresh
    refused = request.refused_form  # type: ignore[attr-defined]
    if not isinstance(refused, type(fresh)):
        return fresh
    hidden = {field.name: text_of(field.value()) for field in fresh.hidden_fields()}
    apart = getattr(fresh, "told_apart_by", ())
    if any(hidden[name] != text_of(refused[name].value()) for name in apart):
        return fresh
    sent: Any = refused.data
    sent = sent.copy()
    for name, text in hidden.items():
        sent[refused.add_prefix(name)] = text
    refused.data, refused.auto_id = sent, fresh.auto_id
    wrong: dict[str, Any] = refused.errors
    for name in wrong.keys() & refused.fields.keys():
        wrong[name].field_id = refused[name].auto_id
    request.shows_refused = True  # type: ignore[attr-defined]
    return refused


def text_of(value: Any) -> str:
    return "" if value is None else str(value)


def focus_first_error(form: BaseForm) -> None:
    """Without script the browser itself leads there."""
    wrong = next((name for name in form.fields if name in form.errors), None)
    if wrong:
        form.fields[wrong].widget.attrs["autofocus"] = True
