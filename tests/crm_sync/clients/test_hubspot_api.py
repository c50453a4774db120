"""Paths, versions and pages of HubSpot's API, and answers of the wrong shape."""

from collections.abc import Callable

import pytest

from crm_sync.clients.http import Transport
from crm_sync.clients.hubspot.api import PAGE_BUDGET, Batch, HubSpotApi, choose_version
from crm_sync.clients.hubspot.values import Introspection
from crm_sync.errors import ConfigError, TransientError
from demo.http_server import Application, Response, Server, json_response
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.wire import Script

COMPANY_5 = {"toObjectId": 5, "associationTypes": []}


@pytest.fixture
def open_api(transport: Transport) -> Callable[..., HubSpotApi]:
    def open_api(server: Server, *, token: str = "pat-na1-token", version: str = "2026-09") -> HubSpotApi:
        return HubSpotApi(transport=transport, base_url=server.url, access_token=token, version=version)

    return open_api


Open = Callable[..., HubSpotApi]


@pytest.mark.parametrize(
    ("served", "version", "calls"),
    [
        ({"2026-09", "2026-03", "v3", "v4"}, "2026-09", 1),
        ({"2026-03", "v3", "v4"}, "2026-03", 2),
        ({"v3", "v4"}, "v3", 3),
    ],
)
def test_the_newest_version_that_is_served(
    open_api: Open, portal: Portal, hubspot_server: Server, served: set[str], version: str, calls: int
) -> None:
    portal.api_versions = served
    api = open_api(hubspot_server, token=portal.issue_token())

    assert (choose_version(api), api.version, api.transport.calls) == (version, version, calls)


def test_no_known_version_is_served(open_api: Open, portal: Portal, hubspot_server: Server) -> None:
    portal.api_versions = {"2029-03"}

    with pytest.raises(TransientError) as failure:
        choose_version(open_api(hubspot_server, token=portal.issue_token()))

    assert str(failure.value) == (
        "HubSpot serves none of the API versions that Fincelo knows. Update Fincelo, then connect again."
    )


def test_a_dead_token_is_no_question_of_versions(
    open_api: Open, portal: Portal, hubspot_server: Server
) -> None:
    api = open_api(hubspot_server, token="pat-na1-00000000-0000-4000-8000-000000000000")

    with pytest.raises(ConfigError) as refusal:
        choose_version(api)

    assert (refusal.value.breaks, api.transport.calls) == (True, 3)


@pytest.mark.parametrize(
    ("version", "paths"),
    [
        (
            "2026-09",
            [
                "/account-info/2026-09/details",
                "/crm/pipelines/2026-09/deals",
                "/crm/properties/2026-09/companies",
                "/crm/owners/2026-09",
                "/crm/objects/2026-09/deals/batch/read",
                *["/crm/associations/2026-09/deals/companies/batch/read"] * 2,
            ],
        ),
        (
            "v3",
            [
                "/account-info/v3/details",
                "/crm/v3/pipelines/deals",
                "/crm/v3/properties/companies",
                "/crm/v3/owners",
                "/crm/v3/objects/deals/batch/read",
                *["/crm/v4/associations/deals/companies/batch/read"] * 2,
            ],
        ),
    ],
)
def test_paths_of_a_version(open_api: Open, version: str, paths: list[str]) -> None:
    with Server(Script(json_response({"results": []}))) as server:
        api = open_api(server, version=version)
        api.account()
        api.pipelines()
        api.properties("companies")
        api.owners(archived=False)
        api.read_batch(kind="deals", ids=["1"], properties=["amount"])
        api.company_links(deal_ids=["1"])

        assert [path for _, path in server.requests] == paths


def test_who_a_token_belongs_to(open_api: Open, portal: Portal, hubspot_server: Server) -> None:
    api = open_api(hubspot_server, token=portal.issue_token(scopes=("crm.objects.deals.read",)))

    assert api.introspect() == Introspection(
        portal_id="48211907", scopes=frozenset({"crm.objects.deals.read", "oauth"})
    )


@pytest.mark.parametrize("body", [{}, {"hubId": None}, {"hubId": 0}, []])
def test_an_introspection_that_names_no_portal(open_api: Open, body: object) -> None:
    with Server(Script(json_response(body))) as server, pytest.raises(TransientError) as failure:
        open_api(server).introspect()

    assert failure.value.code == "UNUSABLE_ANSWER"


@pytest.mark.parametrize("body", [[], {}, {"results": {}}, {"results": [1]}, {"results": None}])
def test_answers_without_a_list_of_results(open_api: Open, body: object) -> None:
    with Server(Script(json_response(body))) as server:
        api = open_api(server)
        calls: list[Callable[[], object]] = [
            api.pipelines,
            lambda: api.properties("deals"),
            lambda: api.owners(archived=True),
            lambda: api.search_deals(groups=[], properties=[]),
            lambda: api.read_batch(kind="deals", ids=["1"], properties=[]),
            lambda: api.company_links(deal_ids=["1"]),
        ]
        for call in calls:
            with pytest.raises(TransientError) as failure:
                call()
            assert failure.value.code == "UNUSABLE_ANSWER"


@pytest.mark.parametrize("body", [{"results": []}, {"results": [], "total": "7"}])
def test_a_search_result_without_a_total(open_api: Open, body: object) -> None:
    with Server(Script(json_response(body))) as server, pytest.raises(TransientError) as failure:
        open_api(server).search_deals(groups=[], properties=[])

    assert failure.value.sentence == "127.0.0.1 answered 200 with JSON that is no search result."


def test_a_batch_of_which_some_are_missing(open_api: Open) -> None:
    found = {"id": "2", "properties": {}}
    gaps = {
        "results": [found],
        "errors": [{"category": "OBJECT_NOT_FOUND", "context": {"ids": ["1"]}}],
    }
    with Server(Script(json_response(gaps, status=207))) as server:
        batch = open_api(server).read_batch(kind="deals", ids=["1", "2"], properties=[])

    assert batch == Batch(records={"2": found}, gone={"1"})


def test_the_companies_of_a_deal_are_read_page_by_page(open_api: Open) -> None:
    def linked(deal_id: str, *, after: str = "") -> dict[str, object]:
        paging = {"paging": {"next": {"after": after}}} if after else {}
        return {"from": {"id": deal_id}, "to": [COMPANY_5], **paging}

    script = Script(
        json_response({"results": [linked("1", after="500"), linked("2")]}),
        json_response({"results": [linked("1")]}),
        json_response({"results": []}),
    )
    with Server(script) as server:
        links = open_api(server).company_links(deal_ids=["1", "2", "3"])

    assert links == {"1": [COMPANY_5, COMPANY_5], "2": [COMPANY_5]}
    assert [request.json() for request in script.requests] == [
        {"inputs": [{"id": "1"}, {"id": "2"}, {"id": "3"}]},
        {"inputs": [{"id": "1", "after": "500"}]},
        {"inputs": [{"id": "3"}]},
    ]


def two_pages_for_ever() -> Application:
    """Each page names the other as the next one."""
    pages = [
        {"from": {"id": "1"}, "to": [], "paging": {"next": {"after": "a"}}},
        {"from": {"id": "1"}, "to": [], "paging": {"next": {"after": "b"}}},
    ]
    count = 0

    def answer(request: object, /) -> Response:
        nonlocal count
        count += 1
        page = pages[count % 2]
        return json_response({"results": [page], "paging": page["paging"]})

    return answer


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda api: api.owners(archived=False), "HubSpot's list of owners has no end."),
        (lambda api: api.company_links(deal_ids=["1"]), "HubSpot's list of companies of deals has no end."),
    ],
    ids=["owners", "companies"],
)
def test_lists_that_run_in_a_circle_end(
    open_api: Open,
    monkeypatch: pytest.MonkeyPatch,
    call: Callable[[HubSpotApi], object],
    sentence: str,
) -> None:
    monkeypatch.setattr("crm_sync.clients.hubspot.api.PAGE_BUDGET", 20)
    assert PAGE_BUDGET == 1000

    with Server(two_pages_for_ever()) as server:
        with pytest.raises(TransientError) as failure:
            call(open_api(server))
        assert len(server.requests) == 20

    assert (failure.value.sentence, failure.value.code) == (sentence, "ENDLESS_PAGES")
