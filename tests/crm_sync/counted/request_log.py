"""The requests that a simulated CRM has answered, counted by what was asked for."""

import re
from collections import Counter
from datetime import timedelta
from math import ceil
from typing import Any

import pytest

from demo.http_server import Server

LATER = timedelta(minutes=90)
"""Beyond the overlap of either CRM."""
A_SECOND = timedelta(seconds=1)
"""HubSpot tells its time in whole seconds: of deals of this one the next poll hears."""
KINDS = {
    "query": r"GET /services/data/v66.0/query/.*",
    "queryAll": r"GET /services/data/v66.0/queryAll/.*",
    "describe": r"GET /services/data/v66.0/sobjects/\w+/describe",
    "token": r"POST /services/oauth2/token",
    "identity": r"GET /services/oauth2/userinfo",
    "versions": r"GET /services/data/",
    "pipelines": r"GET /crm/pipelines/2026-09/deals",
    "search": r"POST /crm/objects/2026-09/deals/search",
    "deals": r"POST /crm/objects/2026-09/deals/batch/read",
    "associations": r"POST /crm/associations/2026-09/deals/companies/batch/read",
    "companies": r"POST /crm/objects/2026-09/companies/batch/read",
    "deal": r"GET /crm/objects/2026-09/deals/\d+",
    "owners": r"GET /crm/owners/2026-09",
    "properties": r"GET /crm/properties/2026-09/\w+",
    "account": r"GET /account-info/2026-09/details",
    "introspection": r"POST /oauth/v2/private-apps/get/access-token-info",
}


def kind_of(method: str, path: str) -> str:
    """An address that stands for nothing here is shown as it is."""
    request = f"{method} {path}"
    return next((kind for kind, form in KINDS.items() if re.fullmatch(form, request)), request)


def requests_of(server: Server) -> Counter[str]:
    """Since the last reset; the log is empty afterwards."""
    counted = Counter(kind_of(method, path) for method, path in server.requests)
    server.reset_requests()
    return counted


def hubspot_minimum(*, deals: int, companies: int, owner_pages: int = 0) -> Counter[str]:
    return +Counter(
        {
            "pipelines": 1,
            "search": max(1, ceil(deals / 200)),
            "deals": ceil(deals / 100),
            "associations": ceil(deals / 1000),
            "companies": ceil(companies / 100),
            "owners": owner_pages,
        }
    )


def slow(*values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.slow)
