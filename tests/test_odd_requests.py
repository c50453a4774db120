"""No request of a signed-in person is answered with 500, whatever its address, filters and fields hold."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from fincelo.odd_requests import Utf8Request
from fincelo.roles import ROLES
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(900)]

NUL = "a\0b"
HUGE = "9" * 30
ODD = [NUL, HUGE, "x" * 5_000, "-1", "0001-01", "9999-12-31"]
SOURCES = ("billing", "contracts", "crm_sync", "fincelo", "access")
UNSAFE = re.compile(r"healthz|logout|password|2fa|confirm-email|login|oauth|callback|unlock")


def addresses() -> Iterator[tuple[str, str]]:
    """Every route with its converters, without those that end the session."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str]]:
        for one in patterns:
            route = prefix + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns, route)
            elif "^" not in route and not UNSAFE.search(route):
                yield route, str(one.name)

    yield from walk(get_resolver().url_patterns, "")


def filled(route: str, value: str) -> str:
    def fill(found: re.Match[str]) -> str:
        return value if found[1] != "int" or value.isdecimal() else "1"

    return "/" + re.sub(r"<(?:(\w+):)?\w+>", fill, route)


def names_of_filters() -> list[str]:
    """What views and filter forms read from the query string, found in the source."""
    read = re.compile(r'GET(?:\.get|\.getlist)?[(\[]"(\w+)"')
    fields = re.compile(r"^    (\w+) = forms\.\w*Field", re.M)
    found = {"o", "p", "q", "e", "_changelist_filters", "state__in", "id__exact", "all"}
    for app in SOURCES:
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            text = path.read_text()
            found |= set(read.findall(text)) | set(fields.findall(text) if "forms" in str(path) else [])
    return sorted(found)


def text_of(page: Any) -> str:
    is_page = page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    return str(page.text) if is_page else ""


@pytest.fixture
def ids() -> list[str]:
    from billing.enums import BillingTrigger
    from billing.issuing.invoicing import invoice_due
    from billing.models import Invoice

    entity = ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return [str(Invoice.objects.get().pk), str(entity.pk), "0", "9" * 30]


def everybody() -> Client:
    user = person("all")
    user.is_staff = True
    user.save()
    user.groups.set(Group.objects.all())
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def test_no_address_answers_500(ids: list[str]) -> None:
    client, broken = everybody(), []
    for route, _ in addresses():
        for value in ids:
            answer = client.get(filled(route, value))
            if answer.status_code >= 500:
                broken.append((filled(route, value), answer.status_code))

    assert broken == []


def test_no_filter_answers_500(ids: list[str]) -> None:
    client, broken = everybody(), []
    names = names_of_filters()
    for route, _ in addresses():
        path = filled(route, ids[0])
        page = client.get(path)
        text = text_of(page)
        if not text:
            continue
        for value in ODD:
            together = client.get(path, dict.fromkeys(names, value))
            if together.status_code >= 500:
                broken.append((path, "all", value[:20]))
        for name in [name for name in names if f'name="{name}"' in text or f"{name}=" in text]:
            if client.get(path, {name: NUL}).status_code >= 500:
                broken.append((path, name, NUL))

    assert broken == []


def test_no_field_answers_500(ids: list[str]) -> None:
    client, broken = everybody(), []
    for route, _ in addresses():
        if route.startswith("admin/") and "delete" in route:
            continue
        path = filled(route, ids[0])
        page = client.get(path)
        fields = set(re.findall(r'name="([\w-]+)"', text_of(page)))
        fields |= {"reason", "value", "key", "paid", "received_date", "amount", "draft", "up_to", "month"}
        for value in (NUL, "9999-12-31"):
            data = dict.fromkeys(fields - {"csrfmiddlewaretoken"}, value)
            answer = client.post(path, data | {"file": SimpleUploadedFile("x.csv", value.encode() or b"x")})
            if answer.status_code >= 500:
                broken.append((path, value[:20]))

    assert broken == []


@pytest.mark.parametrize("role", ROLES)
def test_no_page_of_a_role_answers_500(ids: list[str], role: str) -> None:
    user = person(role.lower(), group=role)
    user.is_staff = True
    user.save()
    client, broken = Client(raise_request_exception=False), []
    client.force_login(user)
    for route, _ in addresses():
        for value in ids[:1]:
            if client.get(filled(route, value)).status_code >= 500:
                broken.append(filled(route, value))

    assert broken == []


@pytest.mark.parametrize(
    ("role", "path", "right"),
    [
        ("Finance", "/tie-out/?month=0001-01", (404,)),
        ("Finance", "/tie-out/rows/?line=contracts&currency=%00&month=2026-11", (200, 404)),
        ("Support", "/admin/contracts/contract/?state__in=%00", (200, 302, 400)),
        ("Support", "/admin/billing/legalentity/{entity}/change/", (200,)),
        ("Finance", "/search/?q=%00", (200, 404)),
    ],
)
def test_addresses_that_were_answered_with_500(
    ids: list[str], role: str, path: str, right: tuple[int, ...]
) -> None:
    user = person(role.lower(), group=role)
    user.is_staff = True
    user.save()
    client = Client(raise_request_exception=False)
    client.force_login(user)

    assert client.get(path.format(entity=ids[1])).status_code in right


@pytest.mark.parametrize("charset", ["hex", "rot13", "undefined", "utf-16", "nonsense"])
def test_a_charset_that_is_none_is_read_as_utf8(charset: str) -> None:
    """The process of the web server makes its requests so; the client of tests has a class of its own."""
    asked = RequestFactory().generic("POST", "/login/?q=%C3%BC").environ
    asked |= {"CONTENT_TYPE": f"application/x-www-form-urlencoded; charset={charset}"}

    request = Utf8Request(asked)

    assert (request.GET["q"], request.POST, request.content_type) == (
        "ü",
        QueryDict(),
        "application/x-www-form-urlencoded",
    )
