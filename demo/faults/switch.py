"""Setting faults over HTTP: a JSON API for programs, a page without scripts for people."""

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.faults.behaviours import BEHAVIOURS, UnknownFault
from demo.faults.rules import Faults
from demo.messages import Application, Request, Response, json_response, redirect
from demo.pages import Markup, Templates, join, options, page

READY = "/demo/ready"
"""Answers with the token of whoever started this process, who asks whether it is the own one."""
TOKEN = "DEMO_TOKEN"
API = "/demo/faults"
PAGE = "/faults"
ONE = re.compile(rf"(?:{API}|{PAGE})/(?P<number>\d+)(?:/remove)?")
OWN_WORDS = frozenset({"behaviour", "endpoint", "nth", "every", "times"})
TEMPLATES = Templates(folder=Path(__file__).parent / "pages")


class Switched:
    """An application with its fault switch, and the addresses at which the switch is set."""

    def __init__(self, app: Application, *, faults: Faults | None = None) -> None:
        self.app = app
        self.faults = faults or Faults()

    def __call__(self, request: Request, /) -> Response:
        if request.path == READY:
            return json_response({"token": os.environ.get(TOKEN, "")})
        if request.path == API or request.path.startswith(f"{API}/"):
            return self._api(request)
        if request.path == PAGE or request.path.startswith(f"{PAGE}/"):
            return self._page(request)
        return self.app(request)

    def _api(self, request: Request) -> Response:
        one = ONE.fullmatch(request.path)
        if one and request.method == "DELETE":
            is_gone = self.faults.remove(int(one["number"]))
            return self._rules() if is_gone else json_response({"error": "there is no such rule"}, status=404)
        if request.path != API:
            return json_response({"error": "no such address"}, status=404)
        if request.method == "DELETE":
            self.faults.clear()
        elif request.method == "POST":
            return self._add_all(request)
        return self._rules()

    def _add_all(self, request: Request) -> Response:
        """One rule or a list of them, each as the keyword arguments of `Faults.add`; all of them or none."""
        try:
            given = request.json()
            wanted = given if isinstance(given, list) else [given]
            added: list[int] = []
            try:
                for each in wanted:
                    added.append(self._add(each))
            except UnknownFault:
                for number in added:
                    self.faults.remove(number)
                raise
        except (UnknownFault, json.JSONDecodeError) as error:
            return json_response({"error": str(error)}, status=400)
        return self._rules(status=201)

    def _add(self, given: Any) -> int:
        if not isinstance(given, dict) or not isinstance(given.get("behaviour"), str):
            raise UnknownFault("a rule is an object with the name of its behaviour")
        parameters = given.get("parameters", {})
        if not isinstance(parameters, dict) or OWN_WORDS & set(parameters):
            raise UnknownFault("parameters is an object with the parameters of the behaviour")
        numbers = {name: _number(name, given[name]) for name in ("nth", "every") if name in given}
        times = given.get("times")
        return self.faults.add(
            given["behaviour"],
            endpoint=str(given.get("endpoint", "")),
            times=None if times is None else _number("times", times),
            **numbers,
            **parameters,
        )

    def _rules(self, *, status: int = 200) -> Response:
        listed = {"rules": self.faults.rules, "behaviours": described_behaviours()}
        return json_response(listed, status=status, headers={"Cache-Control": "no-store"})

    def _page(self, request: Request) -> Response:
        one = ONE.fullmatch(request.path)
        if request.method != "POST":
            return self._shown()
        if request.path == f"{PAGE}/clear":
            self.faults.clear()
        elif one:
            self.faults.remove(int(one["number"]))
        else:
            try:
                self._add(_read_form(request.form()))
            except UnknownFault as error:
                return self._shown(refusal=f"Not added: {error}.", form=request.form())
        return redirect(PAGE, status=303)

    def _shown(self, *, refusal: str = "", form: dict[str, str] | None = None) -> Response:
        provider = self.faults.provider
        kept = {"behaviour": "", "endpoint": "", "nth": "1", "every": "1", "times": "", "parameters": ""}
        content = TEMPLATES.render(
            "faults.html",
            **{**kept, **{name: value for name, value in (form or {}).items() if name in kept}},
            notice=TEMPLATES.render("refusal.html", text=refusal) if refusal else "",
            rules=join(_row(rule) for rule in self.faults.rules) or TEMPLATES.render("no_rules.html"),
            choices=options(
                ((name, name) for name in BEHAVIOURS), selected=(form or {}).get("behaviour", "")
            ),
            endpoints=options(
                ((pattern, label) for label, pattern in provider.endpoints.items()), selected=""
            ),
            behaviours=join(
                TEMPLATES.render(
                    "behaviour.html", name=each.name, about=each.about, parameters=_defaults(each.parameters)
                )
                for each in BEHAVIOURS.values()
            ),
            refusals=", ".join(sorted(provider.refusals)) or "none",
        )
        return page(
            simulator=provider.name,
            title="Faults",
            content=content,
            links=provider.menu,
            status=400 if refusal else 200,
        )


def described_behaviours() -> dict[str, Any]:
    return {
        each.name: {"about": each.about, "parameters": dict(each.parameters)} for each in BEHAVIOURS.values()
    }


def _row(rule: dict[str, Any]) -> Markup:
    return TEMPLATES.render(
        "rule_row.html",
        id=rule["id"],
        behaviour=rule["behaviour"],
        parameters=_defaults(rule["parameters"]),
        endpoint=rule["endpoint"] or "every request",
        when=_when(rule),
        counted=f"{rule['struck']} of {rule['seen']}",
    )


def _when(rule: dict[str, Any]) -> str:
    every = "each" if rule["every"] == 1 else f"every {rule['every']}."
    first = "" if rule["nth"] == 1 else f" from request {rule['nth']} on"
    times = "" if rule["times"] is None else f", {rule['times']} times"
    return f"{every}{first}{times}"


def _defaults(parameters: Mapping[str, object]) -> str:
    return " ".join(f"{name}={shlex.quote(str(value))}" for name, value in parameters.items())


def _read_form(form: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {name: form[name] for name in ("behaviour", "endpoint") if form.get(name)}
    given |= {name: form[name] for name in ("nth", "every", "times") if form.get(name)}
    try:
        pairs = [word.partition("=") for word in shlex.split(form.get("parameters", ""))]
    except ValueError as error:
        raise UnknownFault(f"the parameters cannot be read: {error}") from None
    given["parameters"] = {name: value for name, _, value in pairs}
    return given


def _number(name: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise UnknownFault(f"{name} cannot be {value}") from None
