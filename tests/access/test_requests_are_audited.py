"""Every form that is sent and every table that is exported leaves exactly one entry: who, what, when, from where."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from contracts.models import AuditEntry
from tests.access.addresses import addresses, full_workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet")]

HOME = "203.0.113.7"
EXPORTS = {
    "contracts-csv": "",
    "customers-csv": "",
    "tie-out-csv": "",
    "sync-history-csv": "",
    "tie-out-rows-csv": "?line=won&currency=USD",
    "payment-import-unmatched": "",
    "backfill-csv": "",
}


@pytest.fixture
def quiet() -> Iterator[None]:
    """Refusals are logged with their tracebacks, and there are hundreds here."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss", password="a long pass phrase")


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def signed_in(boss: User) -> Client:
    client = Client(raise_request_exception=False, REMOTE_ADDR=HOME)
    client.force_login(boss)
    return client


def entries_of(
    boss: User, method: str, path: str, data: dict[str, object], client: Client | None = None
) -> list[AuditEntry]:
    last = AuditEntry.objects.order_by("pk").last()
    answer = getattr(client or signed_in(boss), method)(path, data)
    if answer.streaming:
        list(answer.streaming_content)
    return list(AuditEntry.objects.filter(pk__gt=last.pk if last else 0).order_by("pk"))


def test_every_form_leaves_one_entry(boss: User) -> None:
    rows = full_workspace()
    wrong, client = {}, signed_in(boss)
    cookies = client.cookies.copy()
    for name, path in [*addresses(rows), *addresses(rows, admin=True)]:
        with taken_back():
            client.cookies.update(cookies)
            found = entries_of(boss, "post", path, {}, client)
        if [(entry.actor, entry.address) for entry in found] != [(boss, HOME)]:
            wrong[f"{name} {path}"] = [entry.action for entry in found]

    assert wrong == {}


def test_every_export_leaves_one_entry_with_its_filters(boss: User) -> None:
    rows = full_workspace()
    paths = dict(addresses(rows))
    found = {
        name: [
            (entry.action, entry.object_name, entry.address)
            for entry in entries_of(boss, "get", paths[name] + asked, {})
        ]
        for name, asked in EXPORTS.items()
    }

    assert found == {name: [("Exported", name, HOME)] for name in EXPORTS}
    [entry] = entries_of(boss, "get", "/contracts/csv/?state=active&q=%00x", {})
    assert entry.after == {"filters": {"state": ["active"], "q": ["\ufffdx"]}}


def test_every_page_that_answers_with_a_table_is_known() -> None:
    named = {name for name, path in addresses({}) if "csv" in path}

    assert named == set(EXPORTS)


FORMS = {
    "/customers/{customers}/contact/": {"billing_email": "new@acme.example", "language": "de"},
    "/customers/{customers}/billing-terms/": {"tax_rate": "7", "payment_terms_days": "10"},
    "/invoices/{invoices}/payment/": {"paid": "1.00", "received_date": "2026-11-21", "reference": "x"},
    "/invoices/{invoices}/credit/": {"amount": "1.00", "reason": "Wrong price"},
    "/credit-notes/{credit-notes}/discard/": {},
    "/settings/billing/limits/": {"kind": "credit_note", "currency": "EUR", "limit": "5"},
    "/settings/custom-fields/{settings/custom-fields}/printed/": {"printed": "on"},
    "/settings/crm/{settings/crm}/pause/": {},
    "/settings/crm/{settings/crm}/settings/": {"name": "Renamed"},
    "/holds/{holds}/dismiss/": {"reason": "A test deal."},
    "/holds/{holds}/enter/": {"key": "duration", "value": "12", "reason": "As agreed."},
}


def test_forms_that_change_something_leave_one_entry(boss: User) -> None:
    rows = {name.rstrip("/"): key for name, key in full_workspace().items()}
    counts = Counter()
    for path, data in FORMS.items():
        with taken_back():
            counts[path] = len(entries_of(boss, "post", path.format(**rows), data))

    assert counts == dict.fromkeys(FORMS, 1)


def test_change_of_roles_leaves_one_entry(boss: User) -> None:
    dana = User.objects.create_user("dana", password="a long pass phrase", is_staff=True)
    finance, approver = (Group.objects.get(name=name) for name in ("Finance", "Approver"))
    dana.groups.add(finance)
    joined = {"date_joined_0": "2026-11-20", "date_joined_1": "12:00:00"}
    data = {"username": "dana", "groups": [approver.pk], "is_active": "on", "is_superuser": "on", **joined}

    [entry] = entries_of(boss, "post", f"/admin/auth/user/{dana.pk}/change/", data)

    assert (entry.actor, entry.action, entry.object_id, entry.address) == (
        boss,
        "User changed",
        dana.pk,
        HOME,
    )
    assert entry.before == {"is_staff": True, "is_superuser": False, "roles": ["Finance"]}
    assert entry.after == {"is_staff": False, "is_superuser": True, "roles": ["Approver"]}


@pytest.mark.parametrize(
    ("path", "data", "action"),
    [
        (
            "/admin/auth/user/add/",
            {
                "username": "erin",
                "password1": "fresh phrase 19",
                "password2": "fresh phrase 19",
                "usable_password": "true",
            },
            "User added",
        ),
        (
            "/admin/auth/user/{0}/password/",
            {"password1": "fresh phrase 19", "password2": "fresh phrase 19", "usable_password": "true"},
            "Password set by another",
        ),
        ("/admin/auth/user/{0}/delete/", {"post": "yes"}, "User deleted"),
        ("/admin/auth/group/add/", {"name": "Auditors"}, "Role added"),
        (
            "/password/",
            {
                "oldpassword": "a long pass phrase",
                "password1": "fresh phrase 19",
                "password2": "fresh phrase 19",
            },
            "Password changed",
        ),
        ("/logout/", {}, "Signed out"),
    ],
)
def test_what_is_done_to_accounts_leaves_one_entry(
    boss: User, path: str, data: dict[str, object], action: str
) -> None:
    dana = User.objects.create_user("dana")

    [entry] = entries_of(boss, "post", path.format(dana.pk), data)

    assert (entry.actor_name, entry.action, entry.address) == ("boss", action, HOME)
