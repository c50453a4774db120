"""The browser's way to Salesforce and back."""

import html
import re
from urllib.parse import parse_qs, urlsplit

from django.http import HttpResponse

from demo.salesforce.org import Org

CALLBACK = "/api/crm/salesforce/callback"


def sent_to(page: HttpResponse) -> str:
    """Where the page continues to automatically."""
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


def allowed(org: Org, address: str) -> dict[str, str]:
    """What Salesforce sends back once the user has logged in and allowed."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    code = org.grants.issue_code(
        app=org.grants.apps[asked["client_id"]],
        user_id=next(iter(org.tables["User"])),
        redirect_uri=asked["redirect_uri"],
        scopes=asked["scope"].split(),
        challenge=asked["code_challenge"],
    )
    return {"code": code, "state": asked["state"]}
