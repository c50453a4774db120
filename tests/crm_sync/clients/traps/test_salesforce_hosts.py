"""Salesforce reference 0, trap 15: every host that arrives as data is hostile until it is known."""

import pytest
from django.test import Client

from contracts.models import Contract
from crm_sync.connections import authorising
from crm_sync.errors import ConfigError
from crm_sync.models import Connection, CrmOrg
from demo.http_server import Server
from demo.salesforce.org import Org
from tests.crm_sync.clients.traps.salesforce_seen import calls, connect_again
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell
from tests.crm_sync.stored import row_versions
from tests.pages import signed_in

RIGHTS = ("crm_sync.view_connection", "crm_sync.change_connection", "crm_sync.view_fieldmapping")


@pytest.mark.parametrize(
    "typed",
    [
        "https://login.salesforce.com.evil.example",
        "https://evil.example/.my.salesforce.com",
        "https://login.salesforce.com@evil.example",
        "https://login.salesforce.com\\@evil.example",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443",
        "https://acme.lightning.force.com",
        "https://169.254.169.254",
        "https://acme\uff0emy.salesforce.com",
        "https://acme.my.salesforce.com%2eevil.example",
    ],
)
def test_trap_15_a_hostile_login_address_is_not_taken(typed: str, db: None) -> None:
    with pytest.raises(ValueError, match="Enter the address of your org"):
        authorising.login_address(provider="salesforce", choice="my_domain", own_address=typed)


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "https://acme.my.salesforce.com.evil.example", "http://169.254.169.254", "x"],
)
def test_trap_15_a_hostile_instance_address_connects_nothing(
    salesforce: Connection, org: Org, address: str
) -> None:
    before = row_versions()
    org.instance_url = address

    with pytest.raises(ConfigError, match="none of Salesforce's"):
        connect_again(org=org, connection=salesforce)

    assert row_versions() == before


def test_trap_15_the_identity_address_is_never_called(
    salesforce: Connection, org: Org, run: Run, salesforce_server: Server
) -> None:
    org.identity_host = "https://evil.example"
    org.expire_access_tokens()

    done = run(salesforce)

    assert (done.state, calls(salesforce_server, "/id/")) == ("done", 0)


def test_trap_15_a_renewal_that_names_another_org_is_not_used(
    salesforce: Connection, org: Org, run: Run
) -> None:
    CrmOrg.objects.update(external_id="00D000000000001AAA")
    sell(org)
    org.expire_access_tokens()

    stopped = run(salesforce)

    salesforce.refresh_from_db()
    assert (stopped.state, salesforce.state, Contract.objects.count()) == ("failed", "broken", 0)
    assert stopped.error == (
        "Salesforce renewed the connection for another org. Disconnect, then authorise the right org."
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/services/data/v66.0/query/0r8x-10",
        "//evil.example/services/data/v66.0/query/0r8x-10",
        "/services/data/v66.0/query/../../../secret",
        "/services/data/v66.0/query\\@evil.example",
        "@evil.example/services/data/v66.0/query/0r8x-10",
    ],
)
def test_trap_15_a_hostile_next_page_is_not_followed(
    salesforce: Connection, org: Org, run: Run, salesforce_server: Server, address: str
) -> None:
    org.max_page_size = 10
    for number in range(15):
        sell(org, Name=f"Deal {number}", Amount=100 + number)
    salesforce_server.faults.add("foreign_link", to=address, endpoint="FROM Opportunity")
    salesforce_server.reset_requests()

    stopped = run(salesforce)

    assert (stopped.state, stopped.error_kind, stopped.created) == ("failed", "transient", 10)
    assert calls(salesforce_server, "/query") == 2  # the page, and whether records have a currency by now
    salesforce_server.faults.clear()
    assert (run(salesforce).created, Contract.objects.count()) == (5, 15)


def test_trap_15_the_browser_is_sent_to_no_hostile_address(db: None) -> None:
    browser: Client = signed_in(*RIGHTS)

    page = browser.post(
        "/settings/crm/add/salesforce/",
        {
            "name": "Salesforce",
            "login_choice": "my_domain",
            "my_domain": "https://login.salesforce.com@evil.example",
            "client_id": "key",
            "client_secret": "secret",
            "import_from": "2026-01-01",
            "default_currency": "EUR",
        },
    )

    assert (page.status_code, Connection.objects.count()) == (200, 0)
    assert "Enter the address of your org, such as https://acme.my.salesforce.com." in page.text
