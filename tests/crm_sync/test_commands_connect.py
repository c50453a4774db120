"""`manage.py connect_crm`: from files and standard input, what it refuses, and that it gives nothing away."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm_sync.connections import credentials
from crm_sync.models import Connection, ConnectionCredentials, FieldMapping
from demo.http_server import Response, Server
from demo.hubspot.app import build_app as build_hubspot
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import authorise
from tests.crm_sync.sales import sell_in_hubspot
from tests.crm_sync.stored import row_versions
from tests.processes import Manage

KEYS = ["connection", "provider", "org", "state", "mode", "warnings", "mapping_confirmed"]
pytestmark = pytest.mark.django_db


def connect_crm(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    output = StringIO()
    try:
        call_command("connect_crm", *arguments, stdout=output)
    except CommandError as error:
        return error.returncode, str(error)
    return 0, output.getvalue()


@pytest.fixture
def token(portal: Portal, hubspot_server: Server) -> str:
    return portal.issue_token()


@pytest.fixture
def token_file(token: str, tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(f"{token}\n")
    return str(path)


def hubspot_arguments(token_file: str, *more: str) -> list[str]:
    return ["hubspot", "--name", "HubSpot", "--token-file", token_file, "--import-from", "2026-01-01", *more]


def test_hubspot_from_a_file(token_file: str, token: str) -> None:
    code, output = connect_crm(*hubspot_arguments(token_file))

    connection = Connection.objects.get()
    assert (code, connection.state, connection.mapping_version) == (0, "connected", None)
    assert output == (
        f"Connected to {connection.org}.\n"
        "Confirm the field mapping in Settings, Field Mapping; then the first sync starts.\n"
    )
    assert credentials.read(connection=connection).access_token == token


def test_hubspot_with_the_proposed_mapping(token_file: str, token: str, portal: Portal) -> None:
    code, output = connect_crm(*hubspot_arguments(token_file, "--accept-proposed-mapping", "--json"))

    answer = json.loads(output)
    first = answer.pop("first_import")
    assert (code, list(answer), first["deals"]) == (0, KEYS, 0)
    assert answer == {
        "connection": "HubSpot",
        "provider": "hubspot",
        "org": f"HubSpot portal {portal.portal_id}",
        "state": "connected",
        "mode": "live",
        "warnings": [],
        "mapping_confirmed": True,
    }
    assert token not in output


def test_defaults_fill_what_the_crm_has_no_field_for(token_file: str, portal: Portal) -> None:
    for name in ("contract_term_months", "billing_frequency"):
        portal.archive_property("deals", name)
    needed = connect_crm(*hubspot_arguments(token_file, "--accept-proposed-mapping"))

    code, _ = connect_crm(
        *hubspot_arguments(token_file, "--accept-proposed-mapping"),
        *("--default-term", "12", "--default-cycle", "annual"),
    )

    assert needed == (
        1,
        "Contract Duration needs a CRM field or a default value. "
        "Billing Cycle needs a CRM field or a default value. "
        "Use --default-term, --default-cycle and --term-unit.",
    )
    assert code == 0
    defaults = FieldMapping.objects.exclude(default_value="").values_list("target", "default_value")
    assert set(defaults) == {("duration", "12"), ("billing_cycle", "annual")}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_hubspot_from_standard_input_and_a_first_sync(manage: Manage, token: str, portal: Portal) -> None:
    sell_in_hubspot(portal)

    connected = manage("connect_crm", *hubspot_arguments("-", "--accept-proposed-mapping"), given=token)
    synced = manage("sync_crm", "--json")

    assert (connected.code, connected.errors) == (0, "")
    assert token not in connected.output
    assert json.loads(synced.output)["runs"][0]["created"] == 1


@pytest.fixture
def salesforce_arguments(org: Org, salesforce_server: Server, tmp_path: Path) -> list[str]:
    """Files with the consumer secret and with a refresh token that was granted before."""
    app = org.app
    connection = Connection(
        login_url=salesforce_server.url, client_id=app.consumer_key, provider="salesforce"
    )
    grant = authorise(org=org, connection=connection)
    (tmp_path / "secret").write_text(app.consumer_secret)
    (tmp_path / "refresh").write_text(grant.refresh_token)
    return [
        *("salesforce", "--name", "Salesforce", "--login-url", salesforce_server.url),
        *("--client-id", app.consumer_key, "--client-secret-file", str(tmp_path / "secret")),
        *("--refresh-token-file", str(tmp_path / "refresh"), "--import-from", "2026-01-01"),
    ]


def test_salesforce_from_files(salesforce_arguments: list[str], org: Org) -> None:
    code, output = connect_crm(
        *salesforce_arguments, "--default-currency", "eur", "--accept-proposed-mapping", "--json"
    )

    answer = json.loads(output)
    connection = Connection.objects.get()
    assert (code, answer["state"], answer["org"]) == (0, "connected", "Acme Software")
    assert (answer["mapping_confirmed"], connection.default_currency) == (True, "EUR")
    kept = credentials.read(connection=connection)
    assert (kept.client_secret, bool(kept.refresh_token)) == (org.app.consumer_secret, True)
    for secret in (kept.client_secret, kept.access_token, kept.refresh_token):
        assert secret
        assert secret not in output


def test_salesforce_that_rotates_its_tokens(salesforce_arguments: list[str], org: Org) -> None:
    org.app.rotate = True

    connect_crm(*salesforce_arguments, "--default-currency", "EUR")

    kept = credentials.read(connection=Connection.objects.get()).refresh_token
    org.expire_access_tokens()
    assert kept
    assert kept not in Path(salesforce_arguments[10]).read_text()
    assert credentials.open_client(connection=Connection.objects.get()).stages()


def test_connecting_again_keeps_mapping_and_cursor(token_file: str, portal: Portal, tmp_path: Path) -> None:
    connect_crm(*hubspot_arguments(token_file, "--accept-proposed-mapping"))
    sell_in_hubspot(portal)
    call_command("sync_crm", stdout=StringIO())
    before = Connection.objects.get()
    renewed = tmp_path / "renewed"
    renewed.write_text(portal.issue_token())

    code, _ = connect_crm(*hubspot_arguments(str(renewed)))

    after = Connection.objects.get()
    assert (code, after.mapping_version, after.cursor_modified_at) == (
        0,
        before.mapping_version,
        before.cursor_modified_at,
    )
    assert credentials.read(connection=after).access_token == renewed.read_text()


def test_earlier_import_date_makes_the_next_run_read_everything(token_file: str, portal: Portal) -> None:
    connect_crm(*hubspot_arguments(token_file, "--accept-proposed-mapping"))
    sell_in_hubspot(portal, closedate="2025-06-01T12:00:00Z")
    call_command("sync_crm", stdout=StringIO())

    connect_crm(*hubspot_arguments(token_file), "--import-from", "2025-01-01")

    connection = Connection.objects.get()
    assert (str(connection.import_from), connection.cursor_modified_at) == ("2025-01-01", None)


def test_token_of_another_portal_is_refused_and_changes_nothing(
    token_file: str, tmp_path: Path, settings: Any
) -> None:
    connect_crm(*hubspot_arguments(token_file))
    before = row_versions()
    other = Portal(portal_id=4711)
    (tmp_path / "other").write_text(other.issue_token())
    with Server(build_hubspot(other)) as server:
        settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
        settings.HUBSPOT_API_URL = server.url

        refused = connect_crm(*hubspot_arguments(str(tmp_path / "other")), "--import-from", "2025-01-01")

    assert refused == (
        1,
        "This opens another HubSpot portal (4711), not the org this connection was made for. "
        "Confirm the change, or connect the right org.",
    )
    assert row_versions() == before


def test_authorisation_of_another_org_is_refused_and_changes_nothing(
    salesforce_arguments: list[str], org: Org
) -> None:
    connect_crm(*salesforce_arguments, "--default-currency", "EUR")
    Connection.objects.select_related("org").get().org.__class__.objects.update(
        external_id="00D000000000001AAA"
    )
    before = row_versions()

    code, output = connect_crm(
        *salesforce_arguments, *("--default-currency", "USD", "--import-from", "2025-01-01")
    )

    assert (code, output.startswith("This opens Acme Software (00D")) == (1, True)
    assert row_versions() == before


def test_org_that_is_connected_already(token_file: str, portal: Portal) -> None:
    connect_crm(*hubspot_arguments(token_file))

    refused = connect_crm(*hubspot_arguments(token_file), "--name", "Second")

    assert refused == (
        1,
        f"HubSpot portal {portal.portal_id} is connected already, as HubSpot. "
        "Use that connection, or disconnect it first.",
    )
    assert list(Connection.objects.values_list("name", flat=True)) == ["HubSpot"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "pat-na1-00000000-0000-0000-0000-000000000000",
            "HubSpot does not accept the access token: it was revoked, replaced or mistyped. "
            "Paste a working access token in Settings, CRM Integration.",
        ),
        ("not a token at all", None),
    ],
)
def test_token_that_does_not_work_leaves_no_connection(
    hubspot_server: Server, tmp_path: Path, text: str, sentence: str | None
) -> None:
    (tmp_path / "token").write_text(text)

    code, output = connect_crm(*hubspot_arguments(str(tmp_path / "token")))

    assert (code, output) == (1, sentence or output)
    assert text not in output
    assert (Connection.objects.count(), ConnectionCredentials.objects.count()) == (0, 0)


def test_crm_that_does_not_answer_leaves_no_connection(salesforce_arguments: list[str], org: Org) -> None:
    org.intercept = lambda request: Response(status=503)

    code, output = connect_crm(*salesforce_arguments, "--default-currency", "EUR")

    assert (code, output) == (
        1,
        "Salesforce's sign-in service is not answering properly at the moment. The access of this refresh token "
        "is kept for a day: run the command again with the same file. After that Fincelo revokes it at Salesforce.",
    )
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--token-file", "/nowhere/token"], "/nowhere/token could not be read: No such file or directory."),
        (["--token-file", "/dev/null"], "/dev/null is empty."),
        (["--default-currency", "XYZ"], "XYZ is no ISO 4217 currency code."),
    ],
)
def test_wrong_usage_leaves_no_connection(token_file: str, arguments: list[str], sentence: str) -> None:
    assert connect_crm(*hubspot_arguments(token_file), *arguments) == (2, sentence)
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--import-from", "yesterday"], "argument --import-from: 'yesterday' is no day such as 2026-11-01"),
        (
            ["--default-term", "0"],
            "argument --default-term: '0' is not a duration of 1 to 1200 whole months",
        ),
        (
            ["--default-cycle", "weekly"],
            "argument --default-cycle: invalid choice: 'weekly' "
            "(choose from 'monthly', 'quarterly', 'semi_annual', 'annual', 'one_time')",
        ),
    ],
)
def test_arguments_that_cannot_be_read(token_file: str, arguments: list[str], sentence: str) -> None:
    _, output = connect_crm(*hubspot_arguments(token_file), *arguments)

    assert output == f"Error: {sentence}"
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ([], "Name the org's currency with --default-currency."),
        (
            ["--default-currency", "EUR", "--login-url", "https://evil.example"],
            "Enter the address of your org, such as https://acme.my.salesforce.com.",
        ),
    ],
)
def test_wrong_usage_for_salesforce(salesforce_arguments: list[str], more: list[str], sentence: str) -> None:
    assert connect_crm(*salesforce_arguments, *more) == (2, sentence)
    assert not Connection.objects.exists()


def test_name_of_a_connection_to_the_other_crm(token_file: str, salesforce_arguments: list[str]) -> None:
    connect_crm(*salesforce_arguments, "--default-currency", "EUR")

    refused = connect_crm(*hubspot_arguments(token_file), "--name", "Salesforce")

    assert refused == (2, "Salesforce is a connection to Salesforce. Choose another name.")


def test_connected_in_the_mode_that_is_asked_for(token_file: str, token: str) -> None:
    code, _ = connect_crm(*hubspot_arguments(token_file), "--mode", "preview")
    assert (code, Connection.objects.get().mode) == (0, "preview")

    connect_crm(*hubspot_arguments(token_file))
    assert Connection.objects.get().mode == "preview"
    connect_crm(*hubspot_arguments(token_file), "--mode", "review")
    assert Connection.objects.get().mode == "review"
