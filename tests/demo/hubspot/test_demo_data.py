from collections import Counter
from datetime import UTC, datetime

import pytest

from demo.hubspot.demo_data import fill
from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.hubspot.scopes import RECOMMENDED_SCOPES, SEED_SCOPES
from demo.hubspot.timestamps import read_moment
from tests.demo.hubspot.caller import StoppedClock


@pytest.fixture
def filled(portal: Portal) -> Portal:
    fill(portal, seed=1)
    return portal


def won(portal: Portal) -> list[Record]:
    stages = ("closedwon", "11348547")
    return [
        deal for deal in portal.objects["deals"].records.values() if deal.properties["dealstage"] in stages
    ]


def test_how_many_there_are(filled: Portal) -> None:
    deals = filled.objects["deals"].records.values()
    ends = Counter(deal.properties["hs_is_closed_won"] or "" for deal in deals)

    assert (len(deals), len(filled.objects["companies"].records), len(won(filled))) == (61, 25, 21)
    assert ends == {"true": 22, "false": 39}


def test_eight_are_closed_today_in_the_zone_of_the_portal(filled: Portal, clock: StoppedClock) -> None:
    today = clock().astimezone(filled.zone).date()
    moments = [read_moment(deal.properties["closedate"] or "") for deal in won(filled)]
    closed_today = [moment for moment in moments if moment.astimezone(filled.zone).date() == today]

    assert len(closed_today) == 8
    assert [moment for moment in closed_today if moment.date() != today] == [
        datetime(2026, 11, 23, 2, 9, 22, 123_000, tzinfo=UTC)
    ]


def test_nothing_was_changed_in_the_future(filled: Portal, clock: StoppedClock) -> None:
    assert max(deal.updated_at for deal in filled.objects["deals"].records.values()) <= clock()


def test_won_deals_with_a_catch(filled: Portal) -> None:
    named = {deal.properties["dealname"]: deal for deal in filled.objects["deals"].records.values()}

    def primaries(name: str) -> list[bool]:
        links = filled.companies_of(named[name].id).values()
        return [any(kind.type_id == 5 for kind in types) for types in links]

    nameless = next(iter(filled.companies_of(named["Company without a name"].id)))
    former = named["Owner has left"].properties["hubspot_owner_id"] or ""
    assert named["Amount never filled in"].properties["amount"] is None
    assert primaries("Company missing") == []
    assert primaries("Two companies, the second primary") == [False, True]
    assert primaries("Two companies, none primary") == [False, False]
    assert filled.objects["companies"].records[nameless].properties["name"] is None
    assert filled.owners[former].archived
    assert named["Sold through a partner"].properties["dealstage"] == "20519881"


def test_same_seed_same_portal(clock: StoppedClock) -> None:
    first, second = Portal(clock=clock), Portal(clock=clock)
    for portal in (first, second):
        fill(portal, seed=7)

    assert first.objects["deals"].records == second.objects["deals"].records
    assert first.tokens == second.tokens


def test_tokens(filled: Portal) -> None:
    assert [token.scopes for token in filled.tokens.values()] == [RECOMMENDED_SCOPES, SEED_SCOPES]
