"""The admin of support: replaying deals."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_q.models import OrmQ

from crm_sync.enums import ConnectionState
from crm_sync.models import Connection
from tests.crm_sync.admin_rows import fill, staff
from tests.crm_sync.page_rows import connect, deal
from tests.pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(db: None) -> Client:
    return staff("Support")


def replayed() -> list[tuple[str, list[str]]]:
    """(connection's name, deals) of each replay that was asked for."""
    asked = [task.task["args"] for task in OrmQ.objects.order_by("id")]
    names = dict(Connection.objects.values_list("pk", "name"))
    return [(names[connection_id], sorted(external_ids)) for connection_id, external_ids in asked]


@pytest.mark.parametrize(
    ("model", "action", "expected"),
    [
        ("crmdeal", "replay_deals", [("Salesforce", ["006B"])]),
        ("syncrecord", "replay_deals", [("Salesforce", ["006B"])]),
        ("hold", "replay_deals", [("Salesforce", ["006B"])]),
        ("syncrun", "replay_deals", [("Salesforce", ["006A", "006B"])]),
    ],
)
def test_selected_rows_are_replayed(support: Client, model: str, action: str, expected: Any) -> None:
    connection = fill()
    held = connection.deals.get(external_id="006B")
    chosen = {
        "crmdeal": held.pk,
        "syncrecord": held.records.get().pk,
        "hold": held.holds.get().pk,
        "syncrun": connection.sync_runs.get().pk,
    }[model]

    page = support.post(
        f"/admin/crm_sync/{model}/", {"action": action, "_selected_action": chosen}, follow=True
    )

    assert replayed() == expected
    assert "of Salesforce again." in words(page.text)


def test_everything_that_matches_a_filter_is_replayed(support: Client) -> None:
    first, second = connect("First"), connect("Second")
    for number in range(60):
        deal(first, f"A{number:02}")
    deal(second, "B", name="Of another connection")

    support.post(
        f"/admin/crm_sync/crmdeal/?connection__id__exact={first.pk}",
        {"action": "replay_deals", "select_across": "1", "_selected_action": first.deals.first().pk},
    )
    everything = {"action": "replay_deals", "select_across": "1", "_selected_action": "1"}
    support.post("/admin/crm_sync/crmdeal/", everything)

    all_of_first = [f"A{number:02}" for number in range(60)]
    assert replayed() == [("First", all_of_first), ("First", all_of_first), ("Second", ["B"])]


def test_deals_of_a_connection_that_is_gone_are_not_replayed(support: Client) -> None:
    connection = connect(state=ConnectionState.BROKEN)
    held = deal(connection)

    page = support.post(
        "/admin/crm_sync/crmdeal/", {"action": "replay_deals", "_selected_action": held.pk}, follow=True
    )

    assert "Salesforce is not connected: 1 deal not read." in words(page.text)
    assert replayed() == []


def test_replay_needs_its_permission(db: None) -> None:
    user = User.objects.create_user("vera", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_crmdeal", "view_syncrun"]))
    client = Client()
    client.force_login(user)
    held = deal(connect())

    client.post("/admin/crm_sync/crmdeal/", {"action": "replay_deals", "_selected_action": held.pk})

    assert replayed() == []
