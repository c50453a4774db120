"""Which addresses may be called: the ways in which one host is made to look like another."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.util import parse_url

from crm_sync.clients.http import origin_of
from crm_sync.clients.hubspot.api import is_hubspot_origin
from crm_sync.clients.salesforce.oauth import LOGIN_HOSTS, AppKeys, is_salesforce_origin, org_and_user, renew
from crm_sync.errors import ConfigError
from demo.http_server import Server, json_response
from tests.crm_sync.clients.wire import MakeTransport, Script

HOSTILE = [
    "https://evil.com/.my.salesforce.com",
    "https://evil.com?.my.salesforce.com",
    "https://evil.com#.my.salesforce.com",
    "https://evil.com\\.my.salesforce.com",
    "https://evil.com\\@x.my.salesforce.com",
    "https://x.my.salesforce.com\\@evil.com",
    "https://evil.com%2f.my.salesforce.com",
    "https://evil.com%5c.my.salesforce.com",
    "https://evil.com%00.my.salesforce.com",
    "https://evil.com／.my.salesforce.com",
    "https://evil.com．my．salesforce．com",
    "https://evil.com .my.salesforce.com",
    "https://evil.com\t.my.salesforce.com",
    "https://evil.com\r\nHost: evil.com\r\n.my.salesforce.com",
    "https://x.my.salesforce.com.evil.com",
    "https://x.my.salesforce.com.",
    "https://xmy.salesforce.com",
    "https://my.salesforce.com.evil.com",
    "https://evilmy.salesforce.com",
    "https://my.salesforce.com",
    "https://.my.salesforce.com",
    "https://..my.salesforce.com",
    "https://-.my.salesforce.com",
    "https://x_.my.salesforce.com",
    "https://x.my.salesforce.com@evil.com",
    "https://user@x.my.salesforce.com",
    "https://user:pass@x.my.salesforce.com",
    "https://login.salesforce.com@evil.com",
    "https://login.salesforce.com.evil.com",
    "https://login.salesforce.com:8443",
    "https://login.salesforce.com:443@evil.com",
    "https://login.salesforce.com:",
    "https://login.salesforce.com:0443",
    "http://login.salesforce.com",
    "HTTPS://login.salesforce.com",
    "https:/login.salesforce.com",
    "https:login.salesforce.com",
    "//login.salesforce.com",
    "login.salesforce.com",
    "ftp://login.salesforce.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://LOGIN.salesforce.com",
    "https://logín.salesforce.com",
    "https://x.my.ѕalesforce.com",
    "https://x.my.salesforce.com\u200b",
    "https://x.my.xn--alesforce-51g.com",
    "https://x.lightning.force.com",
    "https://x.my.site.com",
    "https://help.salesforce.com",
    "https://na1.salesforce.com",
    "https://169.254.169.254",
    "https://2852039166",
    "https://0xA9FEA9FE",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://[::1].my.salesforce.com",
    "https://[evil",
    "https://127.0.0.1",
    "https://localhost",
    "https://",
    "",
]


@pytest.mark.parametrize("address", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_addresses_are_refused(address: str) -> None:
    assert not is_salesforce_origin(address)


@pytest.mark.parametrize(
    "origin",
    [
        "https://login.salesforce.com",
        "https://test.salesforce.com",
        "https://login.salesforce.com:443",
        "https://acme.my.salesforce.com",
        "https://acme--uat.sandbox.my.salesforce.com",
        "https://acme-dev-ed.develop.my.salesforce.com",
        "https://acme.my.salesforce.mil",
        "https://acme.my.sfcrmproducts.cn",
    ],
)
def test_salesforce_is_let_through(origin: str) -> None:
    assert is_salesforce_origin(origin)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://api.hubapi.com", True),
        ("https://api-eu1.hubapi.com", True),
        ("https://hubapi.com", False),
        ("https://evilhubapi.com", False),
        ("https://api.hubapi.com.evil.com", False),
        ("https://evil.com\\.hubapi.com", False),
        ("https://evil.com/.hubapi.com", False),
        ("https://evil@api.hubapi.com", False),
        ("https://api.hubapi.com:8443", False),
        ("http://api.hubapi.com", False),
        ("https://acme.my.salesforce.com", False),
    ],
)
def test_hubspot_is_let_through(origin: str, expected: bool) -> None:
    assert is_hubspot_origin(origin) is expected


PIECES = st.sampled_from(
    [
        "evil.com",
        ".my.salesforce.com",
        "x",
        "\\",
        "/",
        "@",
        "?",
        "#",
        ":",
        "443",
        ".",
        "%2f",
        "[",
        "]",
        "／",
        " ",
    ]
)


@given(st.lists(PIECES, max_size=6).map("".join))
@example("evil.com\\.my.salesforce.com")
def test_what_is_let_through_is_where_the_http_library_connects(text: str) -> None:
    """Two parsers read an address: ours, and the one that opens the connection."""
    origin = origin_of(f"https://{text}")
    if is_salesforce_origin(origin):
        host = str(parse_url(f"{origin}/services/data").host)
        assert host in LOGIN_HOSTS or host.endswith(".my.salesforce.com")


IDENTITY = "https://login.salesforce.com/id/00DA0000006Vm9r/005A0000006Vm9rIAC"


@pytest.mark.parametrize(
    "address", [*HOSTILE[:12], "https://[evil", "", None, 7, [], "https://acme.force.com"]
)
def test_a_token_response_that_names_a_foreign_address_is_refused(
    make_transport: MakeTransport, address: object
) -> None:
    body = {"access_token": "00D!token", "instance_url": address, "id": IDENTITY}
    with Server(Script(json_response(body))) as server:
        transport = make_transport(
            is_allowed=lambda origin: origin == server.url or is_salesforce_origin(origin)
        )
        with pytest.raises(ConfigError) as refusal:
            renew(
                transport=transport,
                keys=AppKeys(login_url=server.url, client_id="key", client_secret="secret"),
                refresh_token="refresh",
            )

    assert (refusal.value.code, refusal.value.breaks) == ("INSTANCE_NOT_ALLOWED", False)


@pytest.mark.parametrize(
    "identity",
    [
        "",
        "https://login.salesforce.com/id/00DA0000006Vm9r",
        "https://login.salesforce.com/id/00DA0000006Vm9r/005A0000006Vm9rIAC/more",
        "https://login.salesforce.com/id/001A0000006Vm9r/005A0000006Vm9rIAC",
        "https://login.salesforce.com/id/00DA0000006Vm9rX/005A0000006Vm9rIAC",
        "https://login.salesforce.com/id/00DA0000006Vm9r/005A0000006Vm9rIAB",
        "https://[evil/id/00DA0000006Vm9r/005A0000006Vm9rIAC",
    ],
)
def test_an_identity_without_the_ids_of_org_and_user(identity: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the sentence is for nobody
        org_and_user(identity)


def test_the_ids_of_org_and_user() -> None:
    assert org_and_user(IDENTITY) == ("00DA0000006Vm9rMAC", "005A0000006Vm9rIAC")
