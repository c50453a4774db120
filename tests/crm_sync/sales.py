"""Won deals as the tests of the sync need them: complete unless told otherwise."""

from datetime import date, datetime
from typing import Any

from demo.hubspot.portal import Portal
from demo.salesforce.org import Org

TODAY = date(2026, 11, 22)


def sell(org: Org, *, account: str | None = "", **fields: Any) -> str:
    """Acme buys a platform for USD 1,200.00 a year from today, billed each quarter. The deal's id."""
    usual: dict[str, Any] = {
        "Name": "Acme platform",
        "StageName": "Closed Won",
        "Amount": 1200,
        "CloseDate": TODAY,
        "AccountId": org.add_account("Acme") if account == "" else account,
        "Contract_Term__c": 12,
        "Billing_Frequency__c": "Quarterly",
    }
    return org.add("Opportunity", **usual | fields)


def sell_in_hubspot(portal: Portal, *, modified_at: datetime | None = None, **properties: str | None) -> str:
    """The same sale in HubSpot, at noon of the portal."""
    usual: dict[str, str | None] = {
        "dealname": "Acme platform",
        "dealstage": "closedwon",
        "amount": "1200",
        "deal_currency_code": "USD",
        "closedate": f"{TODAY}T17:00:00Z",
        "contract_term_months": "12",
        "billing_frequency": "quarterly",
    }
    if "company_id" not in properties:
        properties["company_id"] = portal.add_company(name="Acme", domain="acme.example")
    return portal.add_deal(modified_at=modified_at, **usual | properties)
