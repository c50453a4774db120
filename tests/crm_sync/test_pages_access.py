"""Who may open and do what."""

from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from crm_sync.models import SyncRun
from tests.crm_sync.page_rows import connect, deal, hold, ran, recorded
from tests.crm_sync.stored import row_versions
from tests.pages import signed_in

pytestmark = pytest.mark.django_db

PAGES = {
    "/settings/crm/": "crm_sync.view_connection",
    "/settings/crm/add/salesforce/": "crm_sync.change_connection",
    "/settings/crm/add/hubspot/": "crm_sync.change_connection",
    "/settings/crm/{connection}/": "crm_sync.view_connection",
    "/settings/mapping/{connection}/": "crm_sync.view_fieldmapping",
    "/history/": "crm_sync.view_syncrun",
    "/history/why/": "crm_sync.view_syncrun",
    "/history/{run}/": "crm_sync.view_syncrun",
    "/holds/": "crm_sync.view_hold",
    "/holds/{hold}/": "crm_sync.view_hold",
    "/tie-out/": "crm_sync.view_tieout",
    "/tie-out/rows/?line=won&currency=USD": "crm_sync.view_tieout",
}
ACTIONS = {
    "/settings/crm/{connection}/settings/": "crm_sync.change_billing_meaning",
    "/settings/crm/{connection}/authorise/": "crm_sync.change_connection",
    "/settings/crm/{connection}/token/": "crm_sync.change_connection",
    "/settings/crm/{connection}/preflight/": "crm_sync.change_connection",
    "/settings/crm/{connection}/schema/": "crm_sync.change_connection",
    "/settings/crm/{connection}/leavers/suspend/": "crm_sync.change_billing_meaning",
    "/settings/crm/{connection}/leavers/keep/": "crm_sync.change_billing_meaning",
    "/settings/crm/{connection}/stage/": "crm_sync.change_billing_meaning",
    "/settings/crm/{connection}/pause/": "crm_sync.change_connection",
    "/settings/crm/{connection}/resume/": "crm_sync.change_connection",
    "/settings/crm/{connection}/disconnect/": "crm_sync.change_connection",
    "/settings/crm/{connection}/remove/": "crm_sync.change_connection",
    "/settings/crm/{connection}/sync/": "crm_sync.change_syncrun",
    "/tie-out/check/": "crm_sync.change_tieout",
    "/holds/{hold}/dismiss/": "crm_sync.change_hold",
    "/holds/{hold}/accept/": "crm_sync.change_hold",
    "/holds/{hold}/replay/": "crm_sync.change_syncrun",
}
SEEING_ALL = tuple(f"crm_sync.view_{name}" for name in ("connection", "fieldmapping", "syncrun", "hold"))


@pytest.fixture
def rows() -> dict[str, int]:
    connection = connect()
    held = deal(connection)
    run = ran(connection, held=1)
    recorded(run, held)
    return {"connection": connection.pk, "run": run.pk, "hold": hold(held).pk}


def test_anonymous_is_sent_to_the_login(rows: dict[str, int]) -> None:
    paths = [path.format(**rows) for path in (*PAGES, *ACTIONS)]

    answers = {path: Client().get(path) for path in paths}

    sent_to = {path: (answer.status_code, answer.get("Location")) for path, answer in answers.items()}
    assert sent_to == {path: (302, f"/login/?next={quote(path)}") for path in paths}


@pytest.mark.parametrize("path", PAGES)
def test_page_opens_with_its_permission_and_with_no_other(rows: dict[str, int], path: str) -> None:
    others = {*PAGES.values(), *ACTIONS.values()} - {PAGES[path]}

    assert signed_in(PAGES[path]).get(path.format(**rows)).status_code == 200
    assert signed_in_again(*others).get(path.format(**rows)).status_code == 403


@pytest.mark.parametrize("path", ACTIONS)
def test_action_is_refused_without_its_permission(rows: dict[str, int], path: str) -> None:
    others = {*PAGES.values(), *ACTIONS.values()} - {ACTIONS[path]}
    client = signed_in(*others)
    before = row_versions()

    response = client.post(path.format(**rows))

    assert response.status_code == 403
    assert row_versions() == before


def test_actions_take_no_get(rows: dict[str, int]) -> None:
    client = signed_in(*ACTIONS.values())

    answers = {path: client.get(path.format(**rows)).status_code for path in ACTIONS}

    assert answers == dict.fromkeys(ACTIONS, 405)


def test_mapping_is_saved_with_its_permission_only(rows: dict[str, int]) -> None:
    client = signed_in("crm_sync.view_fieldmapping")
    before = row_versions()

    response = client.post(f"/settings/mapping/{rows['connection']}/", {})

    assert response.status_code == 403
    assert row_versions() == before
    assert '<fieldset class="stack" disabled>' in client.get(f"/settings/mapping/{rows['connection']}/").text


def test_get_writes_nothing(rows: dict[str, int]) -> None:
    client = signed_in(*SEEING_ALL, "crm_sync.change_connection")
    before = row_versions()

    for path in (*PAGES, "/settings/mapping/", "/history/{run}/progress/"):
        client.get(path.format(**rows))

    assert row_versions() == before


@pytest.mark.parametrize("path", [path for path in PAGES if PAGES[path] in SEEING_ALL])
def test_reader_is_offered_no_button_that_would_be_refused(rows: dict[str, int], path: str) -> None:
    page = signed_in(*SEEING_ALL).get(path.format(**rows)).text

    offered = [path for path in ACTIONS if f'action="{path.format(**rows)}"' in page]
    assert offered == []


@pytest.mark.parametrize(
    "path",
    [
        "/settings/crm/0/",
        "/settings/crm/add/pipedrive/",
        "/settings/crm/99999999999999999999/",
        "/settings/mapping/0/",
        "/history/0/",
        "/history/0/progress/",
        "/holds/0/",
    ],
)
def test_unknown_address_is_not_found(path: str) -> None:
    assert signed_in(*SEEING_ALL, "crm_sync.change_connection").get(path).status_code == 404


@pytest.mark.parametrize("path", ["/settings/crm/", "/settings/mapping/", "/history/", "/holds/"])
def test_list_takes_the_same_queries_for_one_row_and_for_three(
    path: str, django_assert_num_queries, django_assert_max_num_queries
) -> None:
    client = signed_in(*SEEING_ALL, "crm_sync.change_connection", "crm_sync.change_syncrun")
    connect("Other")
    fill("First")
    with django_assert_max_num_queries(25) as few:
        client.get(path)
    fill("Second")
    fill("Third")

    with django_assert_num_queries(len(few)):
        client.get(path)


def test_run_page_takes_the_same_queries_for_one_deal_and_for_three(
    django_assert_num_queries, django_assert_max_num_queries
) -> None:
    client = signed_in(*SEEING_ALL)
    run = fill("First")
    with django_assert_max_num_queries(25) as few:
        client.get(f"/history/{run.pk}/")
    for external_id in ("006B", "006C"):
        held = deal(run.connection, external_id)
        hold(held)
        recorded(run, held)

    with django_assert_num_queries(len(few)):
        client.get(f"/history/{run.pk}/")


def fill(name: str) -> SyncRun:
    """A connection with a run, a deal and its hold."""
    connection = connect(name)
    held = deal(connection)
    hold(held)
    run = ran(connection)
    recorded(run, held)
    return run


def signed_in_again(*permissions: str) -> Client:
    User.objects.filter(username="dana").update(username="first dana")
    return signed_in(*permissions)
