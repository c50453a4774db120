"""Finds the handler of a request by its method and path."""

import re
from collections.abc import Callable

from demo.messages import Application, Request, Response, text_response


def not_found(request: Request, /) -> Response:
    return text_response(f"No page at {request.path}", status=404)


def method_refused(request: Request, allowed: list[str], /) -> Response:
    return text_response(
        f"{request.method} is not allowed here", status=405, headers={"Allow": ", ".join(allowed)}
    )


class Router:
    """Finds the handler whose pattern matches the whole path; named groups become keyword arguments."""

    def __init__(
        self,
        *,
        default: Application = not_found,
        refuse: Callable[[Request, list[str]], Response] = method_refused,
    ) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Response]]] = []
        self._default = default
        self._refuse = refuse

    def add(self, method: str, pattern: str, handler: Callable[..., Response]) -> None:
        self._routes.append((method, re.compile(pattern), handler))

    def __call__(self, request: Request, /) -> Response:
        wanted = "GET" if request.method == "HEAD" else request.method
        allowed = []
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == wanted:
                return handler(request, **match.groupdict())
            if match:
                allowed.append(method)
        return self._refuse(request, allowed) if allowed else self._default(request)
