"""Each view says which right it needs. One that says nothing keeps the program from starting (fincelo.E024).

`needs` names the rights; `signed_in_only` and `open_to_anybody` say that there are none.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
Declaring = TypeVar("Declaring", bound=Callable[..., Any])
EXPORT = "contracts.export_records"
"""Takes a table out of the house. Each page with one asks for it beside the right to see it."""
SAFE = ("GET", "HEAD", "OPTIONS")
CHECKED_BY_ITSELF = ("admin",)
"""Namespaces whose views ask for rights in a way of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Permissions, as app.codename, that a person needs all of."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    """For a request that may change something, beside those to read."""
    is_open: bool = False
    """Nobody has to be signed in."""

    def of(self, method: str) -> tuple[str, ...]:
        return self.read if method in SAFE else (*self.read, *self.write)


def needs(read: str | Sequence[str], *, write: str | Sequence[str] = ()) -> Callable[[View], View]:
    """Lets those people through who have the rights; the others get the page that says what is missing."""
    declared = Rights(read=_listed(read), write=_listed(write))

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perms(declared.of(request.method or "")):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return declare(cast(View, guarded), declared)

    return guard


def signed_in_only(view: Declaring) -> Declaring:
    """For pages that show or change nothing but what is everybody's own."""
    return declare(view, Rights())


def open_to_anybody(view: Declaring) -> Declaring:
    return declare(view, Rights(is_open=True))


def declare(view: Declaring, declared: Rights) -> Declaring:
    view.rights = declared  # type: ignore[attr-defined]
    return view


def rights_of(view: Callable[..., Any]) -> Rights | None:
    """None for a view that declares nothing."""
    declared = getattr(view, "rights", None)
    return declared if isinstance(declared, Rights) else None


def views(patterns: Sequence[URLPattern | URLResolver], *, before: str = "") -> Iterator[tuple[str, Any]]:
    """Route and view of each address, but of those that check it themselves."""
    for pattern in patterns:
        route = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield route, pattern.callback
        elif pattern.namespace not in CHECKED_BY_ITSELF:
            yield from views(pattern.url_patterns, before=route)


def _listed(rights: str | Sequence[str]) -> tuple[str, ...]:
    return (rights,) if isinstance(rights, str) else tuple(rights)
