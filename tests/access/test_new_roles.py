"""Whoever has a role for less than a day decides nothing with it, and who gave it is in the audit."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from access import role_changes
from billing.enums import BillingMode, BillingRunState, BillingTrigger
from billing.issuing.approving import approve_drafts, ask_about_parked, release_parked
from billing.issuing.controls import is_settled
from billing.issuing.invoicing import invoice_due
from billing.models import BillingPolicy, BillingRun, ControlChange, CreditNote, Invoice
from billing.receivables.crediting import approve_credit
from contracts.models import AuditEntry
from fincelo.models import RoleGrant
from fincelo.role_age import RoleIsNew
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.credited import credit
from tests.billing.mailing.letters import issue
from tests.billing.people import person
from tests.invariants import plant
from tests.pages import alerts

pytestmark = pytest.mark.django_db

TOO_NEW = "You have had this right for less than a day"
LIMIT = "/settings/billing/limits/"


@pytest.fixture(autouse=True)
def a_day(settings: Any) -> None:
    settings.NEW_ROLE_WAITS = timedelta(hours=24)


@pytest.fixture
def audited() -> Iterator[None]:
    role_changes.connect()
    yield
    role_changes.disconnect()


@pytest.fixture
def invoice() -> Invoice:
    """The workspace works: what the set-up gave is old enough."""
    person("ann", group="Approver")
    [made] = issue("Acme")
    return made


def browser(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def by_group(user: User) -> None:
    user.groups.add(Group.objects.get(name="Approver"))


def by_right(user: User) -> None:
    user.groups.add(Group.objects.get(name="Finance"))
    codenames = ["change_billingpolicy", "issue_creditnote", "void_invoice"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))


def by_superuser(user: User) -> None:
    user.is_superuser = True
    user.save()


def by_sql(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO auth_user_groups (user_id, group_id) SELECT %s, id FROM auth_group WHERE name = 'Approver'",
            [user.pk],
        )


def by_right_of_role(user: User) -> None:
    finance = Group.objects.get(name="Finance")
    user.groups.add(finance)
    finance.permissions.add(*Permission.objects.filter(codename__in=["change_billingpolicy"]))


def by_waking_a_sleeper(user: User) -> None:
    user.groups.add(Group.objects.get(name="Approver"))
    User.objects.filter(pk=user.pk).update(is_active=False)
    User.objects.filter(pk=user.pk).update(is_active=True)


@pytest.mark.parametrize(
    "give", [by_group, by_right, by_superuser, by_sql, by_right_of_role, by_waking_a_sleeper]
)
def test_whoever_has_a_role_for_less_than_a_day_confirms_nothing(invoice: Invoice, give: Any) -> None:
    friend = User.objects.create_user("friend")
    give(friend)
    ann = browser("ann")
    ann.post(LIMIT, {"limit_kind": "credit_note", "limit_currency": "USD", "amount": "9000"})
    change = ControlChange.objects.get(outcome="")

    told = alerts(browser("friend").post(f"/approvals/changes/{change.pk}/confirm/", follow=True))

    assert [one for one in told if TOO_NEW in one]
    assert ControlChange.objects.get(pk=change.pk).outcome == ""


def test_a_new_approver_credits_nothing_alone(invoice: Invoice) -> None:
    by_group(User.objects.create_user("friend"))
    friend = browser("friend")
    friend.post(f"/invoices/{invoice.pk}/credit/", {"amount": "1.00", "reason": "x"})

    assert [note.state for note in CreditNote.objects.all()] == ["draft"]


def test_a_new_approver_issues_no_credit_note_that_another_asked_for(invoice: Invoice) -> None:
    note = credit(invoice, 100, person("finn", group="Finance"))
    friend = person("friend", group="Approver")

    with pytest.raises(RoleIsNew, match=TOO_NEW):
        approve_credit(note=note, as_of=TODAY, actor=friend)

    assert [note.state for note in CreditNote.objects.all()] == ["draft"]


def test_a_new_approver_approves_no_draft_and_releases_nothing(invoice: Invoice) -> None:
    friend = person("friend", group="Approver")
    parked = BillingRun.objects.create(
        trigger=BillingTrigger.SCHEDULE, as_of=TODAY, state=BillingRunState.PARKED
    )
    for decide in (
        partial(approve_drafts, ids=[invoice.pk], as_of=TODAY),
        partial(release_parked, run=parked),
        partial(ask_about_parked, run=parked),
    ):
        with pytest.raises(RoleIsNew, match=TOO_NEW):
            decide(actor=friend)

    parked.refresh_from_db()
    assert parked.state == BillingRunState.PARKED


def test_whoever_got_a_password_from_another_confirms_nothing(invoice: Invoice) -> None:
    """A superuser could sign in as an approver and confirm what he has asked for."""
    root, ann = User.objects.create_superuser("root"), User.objects.get(username="ann")
    chief = Client()
    chief.force_login(root)
    new = {"password1": "a fresh long phrase", "password2": "a fresh long phrase", "usable_password": "true"}
    chief.post(f"/admin/auth/user/{ann.pk}/password/", new)
    as_ann = Client()
    as_ann.force_login(User.objects.get(username="ann"))

    as_ann.post(f"/invoices/{invoice.pk}/credit/", {"amount": "1.00", "reason": "x"})

    assert User.objects.get(username="ann").check_password("a fresh long phrase")
    assert [note.state for note in CreditNote.objects.all()] == ["draft"]


def test_after_a_day_the_role_counts(invoice: Invoice, settings: Any) -> None:
    by_group(User.objects.create_user("friend"))
    browser("ann").post(LIMIT, {"limit_kind": "credit_note", "limit_currency": "USD", "amount": "9000"})
    change = ControlChange.objects.get(outcome="")
    settings.NEW_ROLE_WAITS = timedelta(0)  # as if it had passed

    browser("friend").post(f"/approvals/changes/{change.pk}/confirm/")

    assert ControlChange.objects.get(pk=change.pk).outcome == "confirmed"


def test_what_the_set_up_gave_counts_at_once(invoice: Invoice) -> None:
    browser("ann").post(f"/invoices/{invoice.pk}/credit/", {"amount": "1.00", "reason": "x"})

    assert [note.state for note in CreditNote.objects.all()] == ["issued"]


def test_the_first_invoice_ends_the_set_up(invoice: Invoice) -> None:
    issue("Other")
    plant(f"UPDATE billing_invoice SET created_at = now() + interval '1 hour' WHERE id <> {invoice.pk}")

    assert not is_settled(actor=person("friend", group="Approver"), right="billing.void_invoice")


def test_a_draft_is_no_invoice_that_ends_the_set_up() -> None:
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)
    ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)

    friend = person("friend", group="Approver")

    assert Invoice.objects.get().state == "draft"
    assert is_settled(actor=friend, right="billing.void_invoice")


def test_when_a_role_was_given_cannot_be_changed(invoice: Invoice) -> None:
    for sql in ("UPDATE fincelo_rolegrant SET given_at = '2020-01-01'", "DELETE FROM fincelo_rolegrant"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert RoleGrant.objects.filter(role="Approver").exists()


def test_changes_in_a_shell_are_in_the_audit(audited: None) -> None:
    dana = User.objects.create_user("dana", is_staff=True)
    finance, approver = (Group.objects.get(name=name) for name in ("Finance", "Approver"))
    last = AuditEntry.objects.latest("pk").pk
    right = Permission.objects.get(codename="void_invoice")

    dana.groups.add(finance)
    dana.groups.set([approver])
    approver.user_set.remove(dana)
    dana.user_permissions.add(right)
    dana.groups.add(finance)
    dana.groups.clear()
    finance.permissions.remove(Permission.objects.get(codename="add_payment"))
    dana.is_superuser = True
    dana.save()
    call_command("createsuperuser", "--noinput", "--username", "root", "--email", "root@fincelo.example")

    entries = AuditEntry.objects.filter(pk__gt=last).order_by("pk")
    assert list(entries.values_list("action", "object_name", "after")) == [
        ("Role given", "dana", {"role": ["Finance"]}),
        ("Role taken", "dana", {"role": ["Finance"]}),
        ("Role given", "dana", {"role": ["Approver"]}),
        ("Role taken", "dana", {"role": ["Approver"]}),
        ("Right given", "dana", {"right": ["billing.void_invoice"]}),
        ("Role given", "dana", {"role": ["Finance"]}),
        ("Role taken", "dana", {"role": ["Finance"]}),
        ("Right taken", "Finance", {"right": ["billing.add_payment"]}),
        ("User changed", "dana", {"is_superuser": True}),
        ("User added", "root", {"is_superuser": True, "is_staff": True}),
    ]
    assert all(" on the server, as " in entry.actor_name for entry in entries)
