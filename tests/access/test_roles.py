"""Who may open and send what: every address, method and role, against the table in roles.csv beside this file."""

import csv
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import Client
from django.urls import get_resolver, resolve

from fincelo import checks, rights
from fincelo.rights import needs, rights_of, signed_in_only
from fincelo.roles import ROLES
from tests.access.addresses import addresses, full_workspace
from tests.billing.people import person

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).with_name("roles.csv")
METHODS = ("GET", "POST")
NOBODY = "nobody"
"""Signed in, in no role."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def table() -> dict[str, dict[str, set[str]]]:
    """By page: who may read it and who may send its form."""
    with TABLE.open() as file:
        return {
            row["page"]: {method: set(row[method].split()) for method in METHODS}
            for row in csv.DictReader(file)
        }


def people() -> dict[str, User]:
    return {role: person(role.lower(), group="" if role == NOBODY else role) for role in (*ROLES, NOBODY)}


def declared() -> dict[str, dict[str, set[str]]]:
    found = {}
    everybody = people()
    for name, path in addresses({}):
        asked = rights_of(resolve(path).func)
        assert asked is not None, name
        found[path_name(name, path)] = {
            method: {role for role, one in everybody.items() if one.has_perms(asked.of(method))}
            for method in METHODS
        }
    return found


def path_name(name: str, path: str) -> str:
    """Field Mapping has two addresses of one name."""
    return f"{name} (one)" if name == "field-mapping" and path != "/settings/mapping/" else name


def test_roles_are_as_the_table_says() -> None:
    assert declared() == table()


def test_who_is_not_in_the_table_is_refused() -> None:
    rows, allowed = full_workspace(), table()
    everybody = {role: Client() for role in (*ROLES, NOBODY)}
    for role, one in people().items():
        everybody[role].force_login(one)

    wrong = [
        (role, method, path)
        for name, path in addresses(rows)
        for method in METHODS
        for role, browser in everybody.items()
        if role not in allowed[path_name(name, path)][method]
        and getattr(browser, method.lower())(path).status_code not in (403, 405)
    ]

    assert wrong == []


def test_strangers_see_the_door_and_the_sign_of_life_only() -> None:
    open_to_all = {
        name
        for name, path in addresses(full_workspace())
        if Client().get(path).status_code != 302 or name == "account_logout"
    }

    assert open_to_all == {"account_login", "account_logout", "healthz"}


def test_a_view_that_asks_for_no_right_keeps_the_program_from_starting(monkeypatch) -> None:
    def forgetful(request: HttpRequest) -> None: ...

    assert checks.declared_rights() == []
    pattern = get_resolver().url_patterns[2]
    monkeypatch.setattr(pattern, "callback", forgetful)
    [problem] = checks.declared_rights()

    assert problem.id == "fincelo.E024"
    assert str(pattern.pattern) in problem.msg


def test_a_right_to_write_is_asked_of_what_may_write() -> None:
    guarded = needs("contracts.view_contract", write="contracts.approve_contract")(lambda request: "done")
    request = HttpRequest()
    request.user = User.objects.create_user("dana")
    seen = {}
    for given in ("view_contract", "approve_contract"):
        request.user = person("dana")
        request.user.user_permissions.add(permission(given))
        request.user = person("dana")
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            request.method = method
            try:
                seen[given, method] = guarded(request)
            except PermissionDenied:
                seen[given, method] = "refused"

    assert seen == {
        **{("view_contract", method): "done" for method in ("GET", "HEAD")},
        **{("view_contract", method): "refused" for method in ("POST", "PUT", "DELETE")},
        **{("approve_contract", method): "done" for method in ("GET", "HEAD", "POST", "PUT", "DELETE")},
    }
    request.user = AnonymousUser()
    with pytest.raises(PermissionDenied):
        guarded(request)
    assert rights_of(signed_in_only(lambda request: None)) == rights.Rights()


def permission(codename: str):
    from django.contrib.auth.models import Permission

    return Permission.objects.get(codename=codename, content_type__app_label="contracts")
