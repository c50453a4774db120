"""Sixty deals of a small software company, the same for the same seed, dated from the day they are made."""

import random
from datetime import timedelta
from typing import Any

from demo.salesforce.defaults import FREQUENCIES
from demo.salesforce.org import Org

ACCOUNTS = (
    ("Harbour Lane Logistics", "Dublin", "Ireland"),
    ("Bramble & Finch Bakeries", "Cork", "Ireland"),
    ("Tidewater Marine Supplies", "Plymouth", "United Kingdom"),
    ("Copperfield Dental Group", "Leeds", "United Kingdom"),
    ("Oakhurst Property Care", "Bristol", "United Kingdom"),
    ("Silverbirch Analytics", "Galway", "Ireland"),
    ("Penrose Water Engineering", "Exeter", "United Kingdom"),
    ("Larkspur Travel", "Limerick", "Ireland"),
    ("Millbrook Veterinary Partners", "York", "United Kingdom"),
    ("Ashdown Furniture Makers", "Brighton", "United Kingdom"),
    ("Kestrel Security Systems", "Belfast", "United Kingdom"),
    ("Northgate Community Theatre", "Chester", "United Kingdom"),
    ("Juniper Row Cosmetics", "Waterford", "Ireland"),
    ("Foxglove Learning", "Cambridge", "United Kingdom"),
    ("Stonebridge Legal", "Edinburgh", "United Kingdom"),
    ("Wrenfield Energy Cooperative", "Sligo", "Ireland"),
    ("Quayside Print Works", "Newcastle", "United Kingdom"),
    ("Marlow Cycle Hire", "Oxford", "United Kingdom"),
    ("Elderflower Drinks Company", "Kilkenny", "Ireland"),
    ("Thornbury Packaging", "Derby", "United Kingdom"),
    ("Lantern Street Films", "London", "United Kingdom"),
    ("Greenacre Seed Merchants", "Norwich", "United Kingdom"),
    ("Cobalt Bay Diving School", "Dingle", "Ireland"),
    ("Hawthorn Medical Supplies", "Glasgow", "United Kingdom"),
    ("O'Rourke & Daughters Roofing", "Athlone", "Ireland"),
)
OWNERS = (
    ("Sam Porter", "sam.porter@acme.example"),
    ("Niamh Kelly", "niamh.kelly@acme.example"),
    ("Tomas Varga", "tomas.varga@acme.example"),
)
PRODUCTS = ("Platform", "Reporting pack", "Support plan", "Onboarding", "Mobile add-on", "Data archive")
OPEN_STAGES = (
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Proposal/Price Quote",
    "Negotiation/Review",
)
AMOUNTS = (2400, 4800, 7500, 9600, 12000, 18000, 24500.5, 36000, 54250, 99999.99)
TERMS = (12, 12, 24, 36, 6)
OPEN_DEALS = 31
LOST_DEALS = 7
MIXED_TERMS = ((12, "Monthly"), (24, "Quarterly"), (12, "Semi-annual"), (36, "Annual"), (12, "One-time"))


class DemoDeals:
    """Adds the deals one kind at a time, each kind with its own dates."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._rng = random.Random(org.seed)
        self._now = org.now()
        self._today = self._now.date()
        self._owners = [org.add_user(name=name, email=email) for name, email in OWNERS]
        self._accounts = [
            org.add_account(
                name,
                modified_at=self._now - timedelta(days=400 - number),
                BillingCity=city,
                BillingCountry=country,
                OwnerId=self._owners[number % len(self._owners)],
            )
            for number, (name, city, country) in enumerate(ACCOUNTS)
        ]
        self._made = 0

    def add_all(self) -> None:
        for _ in range(LOST_DEALS):
            self._past_deal(days=self._rng.randint(30, 200), StageName="Closed Lost")
        for number in range(6):
            self._past_deal(days=4 * (number + 1), StageName="Closed Won")
        for number in range(8):
            term, frequency = MIXED_TERMS[number % len(MIXED_TERMS)]
            self._deal_won_today(
                minutes=15 * (8 - number), Contract_Term__c=term, Billing_Frequency__c=frequency
            )
        self._odd_deals()
        self._open_deal(AccountId=None)
        for _ in range(OPEN_DEALS):
            self._open_deal()

    def _odd_deals(self) -> None:
        """One of each thing that real orgs hold and importers trip over."""
        self._deal_won_today(minutes=14, Amount=12345678)
        self._deal_won_today(minutes=13, Amount=None)
        self._deal_won_today(minutes=12, Billing_Frequency__c="Bi-annual")
        self._deal_won_today(minutes=11, StageName="closed won")
        self._deal_won_today(minutes=10, StageName="Closed Won ")
        for days in (20, 45):
            deal_id = self._deal_won_today(minutes=9)
            later = self._today + timedelta(days=days)
            self._org.edit(deal_id, modified_at=self._now - timedelta(minutes=8), CloseDate=later)

    def _past_deal(self, *, days: int, **fields: object) -> None:
        moment = self._now - timedelta(days=days)
        self._add(modified_at=moment, **{"CloseDate": moment.date(), **fields})

    def _deal_won_today(self, *, minutes: int, **fields: object) -> str:
        moment = self._now - timedelta(minutes=minutes)
        return self._add(
            modified_at=moment, **{"StageName": "Closed Won", "CloseDate": self._today, **fields}
        )

    def _open_deal(self, **fields: object) -> None:
        self._add(
            modified_at=self._now - timedelta(hours=self._rng.randint(1, 900)),
            StageName=self._rng.choice(OPEN_STAGES),
            CloseDate=self._today + timedelta(days=self._rng.randint(5, 90)),
            **fields,
        )

    def _add(self, **fields: object) -> str:
        number = self._made
        self._made += 1
        account = number % len(ACCOUNTS)
        usual: dict[str, Any] = {
            "Name": f"{ACCOUNTS[account][0]} - {self._rng.choice(PRODUCTS)}",
            "AccountId": self._accounts[account],
            "OwnerId": self._owners[account % len(self._owners)],
            "Amount": self._rng.choice(AMOUNTS),
            "Contract_Term__c": self._rng.choice(TERMS),
            "Billing_Frequency__c": self._rng.choice(FREQUENCIES),
            "PO_Number__c": f"PO-{4100 + number}" if number % 3 else None,
        }
        return self._org.add("Opportunity", **{**usual, **fields})


def add_demo_data(org: Org) -> None:
    DemoDeals(org).add_all()
