"""A CRM that names a new next page again and again, with nothing on any of them."""

from itertools import count

import pytest

from crm_sync.clients.hubspot import api
from crm_sync.clients.hubspot.api import HubSpotApi
from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.errors import TransientError
from demo.messages import Request, Response, json_response
from tests.crm_sync.clients.mangling import URL, InProcess


def test_salesforce_query_without_an_end() -> None:
    numbers = count(1)

    def answer(request: Request, /) -> Response:
        following = f"/services/data/v66.0/query/01g000000000001AAA-{next(numbers)}"
        return json_response({"totalSize": 5, "done": False, "records": [], "nextRecordsUrl": following})

    transport = InProcess(answer)
    client = SalesforceClient(
        transport=transport, instance_url=URL, access_token="x", org_id="", renew=lambda stale: ("", "")
    )

    with pytest.raises(TransientError) as failure:
        client.query_all("SELECT Id FROM Opportunity")

    assert (failure.value.code, transport.calls) == ("BAD_NEXT_PAGE", 16)


def test_hubspot_search_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "PAGE_BUDGET", 5)
    numbers = count(1)

    def answer(request: Request, /) -> Response:
        following = {"next": {"after": str(next(numbers))}}
        return json_response({"total": 5, "results": [], "paging": following})

    transport = InProcess(answer)

    with pytest.raises(TransientError) as failure:
        HubSpotApi(transport=transport, base_url=URL, access_token="x").search_deals(groups=[], properties=[])

    assert (failure.value.code, transport.calls) == ("ENDLESS_PAGES", 5)
