"""Fills a portal with the demo company's deals, the same for the same seed and day."""

from datetime import datetime, time, timedelta
from random import Random

from demo.hubspot import demo_company
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import SEED_SCOPES
from demo.hubspot.timestamps import to_milliseconds, write_moment

# The last of these is already tomorrow in UTC.
CLOSED_TODAY_AT = (
    time(0, 20),
    time(6, 45, 12),
    time(8, 5),
    time(9, 30, 44, 120_000),
    time(11, 15),
    time(14, 0, 3),
    time(17, 40),
    time(21, 9, 22, 123_000),
)
RECENT_DAYS = (2, 5, 9, 13, 18, 24)
RENEWAL_WON = "11348547"
PARTNER_WON = "20519881"
OPEN_STAGES = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "11348542",
    "11348543",
    "20519878",
)
LOST_STAGES = ("closedlost", "11348548", "20519882")
OPEN_COUNT = 28
LOST_COUNT = 10


def fill(portal: Portal, *, seed: int) -> None:
    """Two tokens: the first with the recommended scopes, the second without the owners scope."""
    with portal.lock:
        portal.issue_token()
        portal.issue_token(scopes=SEED_SCOPES)
        _Filling(portal, Random(seed)).run()


class _Filling:
    def __init__(self, portal: Portal, random: Random) -> None:
        self.portal = portal
        self.random = random
        self.now = portal.clock()
        self.owners = [
            portal.add_owner(first_name=first, last_name=last, email=email)
            for first, last, email in demo_company.OWNERS
        ]
        self.companies = [
            portal.add_company(
                name=name,
                domain=domain,
                address=street or None,
                zip=code or None,
                city=city or None,
                country=country or None,
            )
            for name, domain, street, code, city, country in demo_company.COMPANIES
        ]
        self.made = 0

    def run(self) -> None:
        self._open_and_lost()
        self._won_in_the_last_weeks()
        self._won_with_a_catch()
        for moment in sorted(self._today_at(at) for at in CLOSED_TODAY_AT):
            self._won(moment)

    def _today_at(self, at: time) -> datetime:
        today = self.now.astimezone(self.portal.zone).date()
        return datetime.combine(today, at, tzinfo=self.portal.zone)

    def _days_ago(self, days: int) -> datetime:
        return self._today_at(time(self.random.randint(8, 17), self.random.randint(0, 59))) - timedelta(days)

    def _won(self, closed_at: datetime, *, stage: str = "closedwon", **differences: str | None) -> str:
        """A complete won deal with one company, unless told otherwise."""
        entered_at = to_milliseconds(min(closed_at, self.now))
        closing = {
            "closedate": write_moment(closed_at),
            f"hs_v2_date_entered_{stage}": write_moment(entered_at),
        }
        return self._deal(stage, changed_at=entered_at, **{**closing, **differences})

    def _deal(self, stage: str, *, changed_at: datetime, **differences: str | None) -> str:
        number = self.made
        self.made += 1
        company_id = self.companies[number % len(self.companies)]
        company = self.portal.objects["companies"].records[company_id].properties["name"]
        amount, currency, term, frequency = self.random.choice(demo_company.TERMS)
        values: dict[str, str | None] = {
            "dealname": f"{company} - {self.random.choice(demo_company.PRODUCTS)}",
            "amount": amount,
            "deal_currency_code": currency,
            "contract_term_months": term,
            "billing_frequency": frequency,
            "hubspot_owner_id": self.random.choice(self.owners),
            "dealtype": "existingbusiness" if stage == RENEWAL_WON else "newbusiness",
            "po_number": f"PO-{4200 + number}" if number % 3 == 0 else None,
            "company_id": company_id,
        }
        return self.portal.add_deal(
            dealstage=stage,
            created_at=to_milliseconds(changed_at - timedelta(days=self.random.randint(10, 90))),
            modified_at=changed_at,
            **{**values, **differences},
        )

    def _open_and_lost(self) -> None:
        for number in range(OPEN_COUNT):
            expected = write_moment(self._days_ago(-self.random.randint(3, 80)))
            stage = OPEN_STAGES[number % len(OPEN_STAGES)]
            differences = {"contract_term_months": None, "billing_frequency": None} if number % 5 == 4 else {}
            changed_at = self._days_ago(self.random.randint(1, 40))
            self._deal(stage, changed_at=changed_at, closedate=expected, **differences)
        for number in range(LOST_COUNT):
            lost_at = self._days_ago(self.random.randint(1, 60))
            stage = LOST_STAGES[number % len(LOST_STAGES)]
            self._deal(stage, changed_at=lost_at, closedate=write_moment(lost_at))

    def _won_in_the_last_weeks(self) -> None:
        for number, days in enumerate(sorted(RECENT_DAYS, reverse=True)):
            self._won(self._days_ago(days), stage=RENEWAL_WON if number % 3 == 2 else "closedwon")
        self._won(self._days_ago(-20))

    def _won_with_a_catch(self) -> None:
        """One deal for each thing that keeps a won deal from being billed straight away, or nearly does."""
        portal = self.portal
        self._won(self._days_ago(3), dealname="Amount never filled in", amount=None)
        self._without_company()
        primary_second = self._won(self._days_ago(6), dealname="Two companies, the second primary")
        portal.link_company(primary_second, self.companies[1])
        equal = self._won(self._days_ago(7), dealname="Two companies, none primary", company_id=None)
        for company_id in self.companies[2:4]:
            portal.link_company(equal, company_id, primary=False)
        nameless = portal.add_company(name=None, domain=demo_company.NAMELESS_DOMAIN)
        self._won(self._days_ago(8), dealname="Company without a name", company_id=nameless)
        self._won(self._days_ago(10), dealname="Owner has left", hubspot_owner_id=self._former_owner())
        self._won(self._days_ago(11), stage=PARTNER_WON, dealname="Sold through a partner")
        queue = portal.add_owner(email=None, first_name=demo_company.QUEUE, queue=True)
        self._deal(
            "qualifiedtobuy",
            changed_at=self._days_ago(1),
            hubspot_owner_id=queue,
            closedate=write_moment(self._days_ago(-30)),
        )

    def _without_company(self) -> None:
        deal_id = self._won(self._days_ago(4), dealname="Company missing", company_id=None)
        contact_id = self.portal.add_contact(
            email="nadia@fournier.example",
            firstname="Nadia",
            lastname="Fournier",
            company="Atelier Fournier",
        )
        self.portal.link_contact(deal_id, contact_id)

    def _former_owner(self) -> str:
        first, last, email = demo_company.FORMER_OWNER
        return self.portal.add_owner(first_name=first, last_name=last, email=email, archived=True)
