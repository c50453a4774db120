"""Salesforce answers that are set up by hand: connecting, and what must not be believed."""

from collections.abc import Callable

import pytest

from crm_sync.clients.http import Transport
from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.deals import Check, OrgFacts, Stage
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError, TransientError
from demo.http_server import Response, Server, json_response
from demo.salesforce.answers import rest_error
from demo.salesforce.org import Org
from demo.salesforce.schema import Field
from tests.crm_sync.clients.wire import Script

PAGE = "/services/data/v66.0/query/0r8Da0000012345IAA-2000"


def never(stale: str) -> tuple[str, str]:
    raise AssertionError("nothing here is to be renewed")


@pytest.fixture
def open_client(transport: Transport) -> Callable[[Server], SalesforceClient]:
    def open_client(server: Server) -> SalesforceClient:
        return SalesforceClient(
            transport=transport, instance_url=server.url, access_token="00D!token", org_id="", renew=never
        )

    return open_client


@pytest.fixture
def client(org: Org, salesforce_server: Server, transport: Transport) -> SalesforceClient:
    return SalesforceClient(
        transport=transport,
        instance_url=salesforce_server.url,
        access_token=org.connect().access_token,
        org_id=org.org_id,
        renew=never,
    )


def result(*, done: bool = True, following: object = None, **others: object) -> Response:
    body = {"totalSize": 0, "done": done, "records": [], **others}
    return json_response(body | ({} if following is None else {"nextRecordsUrl": following}))


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.com/services/data/v66.0/query/0r8-2000",
        "//evil.com/services/data/v66.0/query/0r8-2000",
        "@evil.com/services/data/v66.0/query/0r8-2000",
        "/services/data/v66.0/query/../../../apexrest/x",
        "/services/data/v66.0/query/0r8-2000?q=SELECT",
        "/services/data/v66.0/query/0r8-2000\r\nX: 1",
        "/services/data/v66.0/sobjects/Contact",
        "/services/data/v٦٦.0/query/0r8-2000",
        ".evil.com/services/data/v66.0/query/0r8-2000",
        "",
        None,
        7,
    ],
    ids=range(12),
)
def test_a_next_page_that_leads_elsewhere_is_not_followed(
    open_client: Callable[[Server], SalesforceClient], following: object
) -> None:
    with Server(Script(result(done=False, following=following))) as server:
        with pytest.raises(TransientError) as failure:
            list(open_client(server).pages("SELECT Id FROM Opportunity"))
        assert len(server.requests) == 1

    assert str(failure.value) == (
        "Salesforce named a next page that cannot be followed. "
        "The next poll continues from the last page that was stored."
    )
    assert failure.value.code == "BAD_NEXT_PAGE"


def test_pages_that_run_in_a_circle_end(open_client: Callable[[Server], SalesforceClient]) -> None:
    there, back = result(done=False, following=PAGE), result(done=False, following=PAGE + "1")
    with Server(Script(there, back, there, back, result())) as server:
        with pytest.raises(TransientError) as failure:
            list(open_client(server).pages("SELECT Id FROM Opportunity"))
        assert len(server.requests) == 3

    assert failure.value.code == "BAD_NEXT_PAGE"


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"records": []},
        {"records": [], "done": True},
        {"records": None, "done": True, "totalSize": 0},
        {"records": ["text"], "done": True, "totalSize": 1},
        {"records": [], "done": "false", "totalSize": 0},
        {"records": [], "done": True, "totalSize": "0"},
        {"error": "something else"},
    ],
)
def test_json_that_is_no_query_result(
    open_client: Callable[[Server], SalesforceClient], body: object
) -> None:
    with Server(Script(json_response(body))) as server, pytest.raises(TransientError) as failure:
        open_client(server).query_all("SELECT Id FROM Opportunity")

    assert failure.value.code == "UNUSABLE_ANSWER"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["31.0", "65.0", "66.0", "67.0"], "66.0"),
        (["58.0", "60.0"], "60.0"),
        (["9.0", "31.0"], "31.0"),
        (["67.0", "68.0"], "67.0"),
        ([], "66.0"),
    ],
)
def test_the_newest_version_not_beyond_ours_is_chosen(
    open_client: Callable[[Server], SalesforceClient], offered: list[str], chosen: str
) -> None:
    with Server(Script(json_response([{"version": number} for number in offered]))) as server:
        client = open_client(server)

        assert (client.choose_version(), client.data_path) == (chosen, f"/services/data/v{chosen}")


@pytest.mark.parametrize("body", [{"version": "66.0"}, [{"label": "x"}], ["66.0"], [{"version": "x"}], 7])
def test_what_is_no_list_of_versions(open_client: Callable[[Server], SalesforceClient], body: object) -> None:
    with Server(Script(json_response(body))) as server, pytest.raises(TransientError) as failure:
        open_client(server).choose_version()

    assert failure.value.code == "UNUSABLE_ANSWER"


def test_who_was_connected(client: SalesforceClient, org: Org) -> None:
    assert client.identify() == OrgFacts(
        external_id=org.org_id,
        name="Acme Software",
        kind="Developer Edition",
        time_zone="Europe/Dublin",
        currency="",
        has_currency_field=False,
    )


def test_a_time_zone_that_this_machine_does_not_know(client: SalesforceClient, org: Org) -> None:
    org.tables["Organization"][org.org_id]["TimeZoneSidKey"] = "Mars/Olympus"

    facts = client.identify()

    assert (facts.time_zone, client.warnings) == (
        "",
        [
            "Salesforce tells the time zone 'Mars/Olympus', which Fincelo does not know, so the days of its deals "
            "are not known and no deal is imported. Let the access read the account's details, or choose the "
            "time zone in the settings of this connection."
        ],
    )


def test_the_stages_in_their_order(client: SalesforceClient, org: Org) -> None:
    org.set_stages(
        [
            {"ApiName": "Open", "IsActive": True},
            {"ApiName": "Closed Won", "MasterLabel": "Gagné", "IsClosed": True, "IsWon": True},
            {"ApiName": "Old", "IsActive": False},
        ]
    )

    assert client.stages() == [
        Stage(id="Open", name="Open", is_won=False, is_active=True),
        Stage(id="Closed Won", name="Closed Won", is_won=True, is_active=True),
        Stage(id="Old", name="Old", is_won=False, is_active=False),
    ]


def test_the_schema_lists_what_this_user_may_see(client: SalesforceClient, org: Org) -> None:
    org.add_field(
        "Opportunity", Field(name="Region__c", label="Region", type="string", length=40, custom=True)
    )
    org.hide_field("Opportunity", "PO_Number__c")

    fields = {(field.source_object, field.name): field for field in client.schema()}

    frequency = fields[SourceObject.DEAL, "Billing_Frequency__c"]
    assert (frequency.label, frequency.type) == ("Billing Frequency", "picklist")
    assert frequency.options == tuple(
        (name, name) for name in ("Monthly", "Quarterly", "Semi-annual", "Annual", "One-time")
    )
    assert fields[SourceObject.DEAL, "Region__c"].label == "Region"
    assert (SourceObject.DEAL, "PO_Number__c") not in fields
    assert {(SourceObject.ACCOUNT, "Name"), (SourceObject.OWNER, "Email")} <= fields.keys()


def test_the_preflight_names_each_gap(client: SalesforceClient, org: Org) -> None:
    assert client.preflight() == [
        Check(label=label, ok=True, sentence=f"{label} can be read.")
        for label in ("Deals", "Accounts", "Owners", "Stages")
    ]

    org.intercept = lambda request: (
        rest_error("INVALID_TYPE", "sObject type is not supported")
        if "FROM User" in request.argument("q")
        else None
    )
    refused = "The connected user may not read User. Give the user read access to it."
    assert client.preflight()[2] == Check(label="Owners", ok=False, sentence=refused, blocking=False)


def test_a_user_without_api_access_is_told_so_at_once(client: SalesforceClient, org: Org) -> None:
    org.intercept = lambda request: rest_error(
        "API_CURRENTLY_DISABLED", "API is disabled for this User", status=403
    )

    with pytest.raises(ConfigError) as refusal:
        client.identify()

    assert (refusal.value.sentence, refusal.value.breaks) == ("The connected user has no API access.", False)
