"""Sixty deals of a small software company, the same for the same seed, dated from the day they are made."""

import random
from datetime import timedelta
from typing import Any

from demo.salesforce.defaults import FREQUENCIES
from demo.salesforce.org import Org

ACCOUNTS = (
    ("Harbour Lane Logistics", "7 Station Road", "DH1 3HP", "Durham", "United Kingdom"),
    ("Bramble & Finch Bakeries", "14 Mill Lane", "CT1 2EH", "Canterbury", "United Kingdom"),
    ("Tidewater Marine Supplies", "21 Quay Street", "PL1 2AR", "Plymouth", "United Kingdom"),
    ("Copperfield Dental Group", "28 Market Place", "LS1 4DY", "Leeds", "United Kingdom"),
    ("Oakhurst Property Care", "35 High Street", "BS1 5TR", "Bristol", "United Kingdom"),
    ("Silverbirch Analytics", "Merchants Road", "H91 T8NW", "Galway", "Ireland"),
    ("Penrose Water Engineering", "42 Station Road", "EX1 1HS", "Exeter", "United Kingdom"),
    ("Larkspur Travel", "49 Mill Lane", "LN2 1PL", "Lincoln", "United Kingdom"),
    ("Millbrook Veterinary Partners", "56 Quay Street", "YO1 7HH", "York", "United Kingdom"),
    ("Ashdown Furniture Makers", "63 Market Place", "BN1 1HG", "Brighton", "United Kingdom"),
    ("Kestrel Security Systems", "70 High Street", "BT1 5GS", "Belfast", "United Kingdom"),
    ("Northgate Community Theatre", "77 Station Road", "CH1 2HG", "Chester", "United Kingdom"),
    ("Juniper Row Cosmetics", "84 Mill Lane", "WR1 2LA", "Worcester", "United Kingdom"),
    ("Foxglove Learning", "91 Quay Street", "CB2 1TN", "Cambridge", "United Kingdom"),
    ("Stonebridge Legal", "98 Market Place", "EH1 1YZ", "Edinburgh", "United Kingdom"),
    ("Wrenfield Energy Cooperative", "105 High Street", "FK8 1EJ", "Stirling", "United Kingdom"),
    ("Quayside Print Works", "112 Station Road", "NE1 7RU", "Newcastle", "United Kingdom"),
    ("Marlow Cycle Hire", "119 Mill Lane", "OX1 3BG", "Oxford", "United Kingdom"),
    ("Elderflower Drinks Company", "126 Quay Street", "LA9 4DG", "Kendal", "United Kingdom"),
    ("Thornbury Packaging", "", "", "", ""),
    ("Lantern Street Films", "133 Market Place", "WC2N 5DN", "London", "United Kingdom"),
    ("Greenacre Seed Merchants", "140 High Street", "NR2 1TF", "Norwich", "United Kingdom"),
    ("Cobalt Bay Diving School", "147 Station Road", "TQ6 9BH", "Dartmouth", "United Kingdom"),
    ("Hawthorn Medical Supplies", "154 Mill Lane", "G1 3DX", "Glasgow", "United Kingdom"),
    ("O'Rourke & Daughters Roofing", "Church Street", "N37 X2K8", "Athlone", "Ireland"),
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
                BillingStreet=street or None,
                BillingPostalCode=code or None,
                BillingCity=city or None,
                BillingCountry=country or None,
                OwnerId=self._owners[number % len(self._owners)],
            )
            for number, (name, street, code, city, country) in enumerate(ACCOUNTS)
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
