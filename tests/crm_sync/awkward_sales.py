"""A thousand won deals, good and awkward ones among each other, the same for the same seed."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.sales import TODAY

NAMES = ("Acme", "Beta & Söhne", "Gamma Ltd", "=cmd", "Delta", "Epsilon 株式会社", "Zeta", "Eta")
AMOUNTS = ("1200", "1200.00", "999.99", "100", "0.01", "0.05", "54250.5", "7", "123456789.12")
AWKWARD_AMOUNTS = (None, "0", "-50", "10.001", "99999999999999999")
TERMS = ("1", "2", "12", "12", "14", "24", "36", "24.0")
AWKWARD_TERMS = (None, "0", "-6", "1.5", "500")
CYCLES = ("Monthly", "Quarterly", "Semi-annual", "Annual", "One-time", "Yearly", "annually")
AWKWARD_CYCLES = (None, "Bi-annual", "whenever")
CURRENCIES = ("USD", "EUR", "JPY", "BHD")


class Sales:
    """Draws the values of one deal after the other."""

    def __init__(self, *, seed: int) -> None:
        self.random = random.Random(seed)

    def one_of(self, good: Sequence[Any], awkward: Sequence[Any]) -> Any:
        return self.random.choice(awkward if self.random.random() < 0.04 else good)

    def day(self) -> date:
        """Mostly of the last weeks; from two years back to next year."""
        if self.random.random() < 0.5:
            return TODAY - timedelta(days=self.random.randint(-10, 40))
        return TODAY + timedelta(days=self.random.randint(-730, 365))

    def values(self) -> dict[str, Any]:
        return {
            "amount": self.one_of(AMOUNTS, AWKWARD_AMOUNTS),
            "day": self.day(),
            "term": self.one_of(TERMS, AWKWARD_TERMS),
            "cycle": self.one_of(CYCLES, AWKWARD_CYCLES),
            "currency": self.random.choice(CURRENCIES),
            "account": self.random.choice([*range(40), *([None] if self.random.random() < 0.3 else [])]),
        }

    def deals(self, count: int) -> list[dict[str, Any]]:
        """Some twentieth are copies of an earlier one."""
        made: list[dict[str, Any]] = []
        for _ in range(count):
            copied = made and self.random.random() < 0.06
            made.append(dict(self.random.choice(made)) if copied else self.values())
        return made


def fill_salesforce(org: Org, *, count: int, seed: int, accounts: list[str] | None = None) -> list[str]:
    accounts = accounts or [org.add_account(NAMES[number % len(NAMES)]) for number in range(40)]
    for number, one in enumerate(Sales(seed=seed).deals(count)):
        moment = org.now() - timedelta(days=2, seconds=count - number)
        deal = org.add(
            "Opportunity",
            Name=f"Deal {number}",
            StageName="Closed Won",
            Amount=None if one["amount"] is None else float(one["amount"]),
            CloseDate=one["day"],
            AccountId=None if one["account"] is None else accounts[one["account"]],
            Contract_Term__c=None if one["term"] is None else float(one["term"]),
            Billing_Frequency__c=one["cycle"],
            CurrencyIsoCode=one["currency"],
            modified_at=moment,
        )
        org.edit(deal, modified_at=moment, CloseDate=one["day"])  # winning it has put it back to today
    return accounts


def fill_hubspot(portal: Portal, *, count: int, seed: int, companies: list[str] | None = None) -> list[str]:
    companies = companies or [
        portal.add_company(name=NAMES[number % len(NAMES)], domain=f"a{number}.example")
        for number in range(40)
    ]
    for number, one in enumerate(Sales(seed=seed).deals(count)):
        portal.add_deal(
            dealname=f"Deal {number}",
            dealstage="closedwon",
            amount=one["amount"],
            deal_currency_code=one["currency"],
            closedate=f"{one['day']}T17:00:00Z",
            contract_term_months=one["term"],
            billing_frequency=one["cycle"],
            company_id=None if one["account"] is None else companies[one["account"]],
            modified_at=portal.clock() - timedelta(days=2, seconds=count - number),
        )
    return companies
