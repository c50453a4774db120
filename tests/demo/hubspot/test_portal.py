from demo.hubspot.portal import Portal
from tests.demo.hubspot.caller import StoppedClock


def values(portal: Portal, deal_id: str, *names: str) -> list[str | None]:
    properties = portal.objects["deals"].records[deal_id].properties
    return [properties.get(name) for name in names]


def test_close_won_closes_now(portal: Portal, clock: StoppedClock) -> None:
    deal_id = portal.add_deal(dealstage="contractsent", amount="300", closedate="2027-01-31T17:00:00Z")
    clock.forward(hours=2)

    portal.close_won(deal_id)

    names = (
        "dealstage",
        "pipeline",
        "closedate",
        "hs_v2_date_entered_closedwon",
        "hs_v2_date_exited_contractsent",
        "hs_lastmodifieddate",
        "hs_is_closed",
        "hs_is_closed_won",
        "hs_closed_amount",
    )
    moment = "2026-11-22T17:04:05.120Z"
    assert values(portal, deal_id, *names) == [
        "closedwon",
        "default",
        moment,
        moment,
        moment,
        moment,
        "true",
        "true",
        "300",
    ]


def test_close_won_stays_in_the_pipeline(portal: Portal) -> None:
    deal_id = portal.add_deal(dealstage="20519878")

    portal.close_won(deal_id)

    assert values(portal, deal_id, "dealstage", "pipeline") == ["20519881", "20519877"]


def test_close_date_stays_between_two_won_stages(portal: Portal, clock: StoppedClock) -> None:
    deal_id = portal.add_deal(dealstage="closedwon", closedate="2026-11-01T10:00:00Z")
    clock.forward(hours=2)

    portal.update_deal(deal_id, dealstage="11348547")

    assert values(portal, deal_id, "closedate", "pipeline") == ["2026-11-01T10:00:00Z", "11348541"]


def test_close_date_moves_from_lost_to_won(portal: Portal) -> None:
    deal_id = portal.add_deal(dealstage="closedlost", closedate="2026-11-01T10:00:00Z")

    portal.close_won(deal_id)

    assert values(portal, deal_id, "closedate") == ["2026-11-22T15:04:05.120Z"]


def test_deal_without_stage(portal: Portal) -> None:
    deal_id = portal.add_deal(dealname="Made through the API")

    names = ("dealstage", "pipeline", "closedate", "hs_is_closed_won")
    assert values(portal, deal_id, *names) == [None, None, None, None]


def test_amount_in_company_currency(portal: Portal) -> None:
    deals = [
        portal.add_deal(amount="100", deal_currency_code=currency) for currency in ("USD", "EUR", None, "CHF")
    ]

    shown = [values(portal, deal_id, "amount_in_home_currency")[0] for deal_id in deals]

    assert shown == ["100", "108", "100", None]
