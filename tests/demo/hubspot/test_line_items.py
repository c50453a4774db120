from demo.hubspot.portal import Portal
from demo.hubspot.scopes import LINE_ITEM_SCOPES, RECOMMENDED_SCOPES
from tests.demo.hubspot.caller import Caller

LINE_ITEMS = "/crm/objects/2026-09/line_items"
AMOUNTS = ("hs_mrr", "hs_arr", "hs_acv", "hs_tcv")


def amounts(portal: Portal, deal_id: str) -> list[str | None]:
    properties = portal.objects["deals"].records[deal_id].properties
    return [properties.get(name) for name in AMOUNTS]


def test_line_items_of_a_deal(caller: Caller) -> None:
    caller.token = caller.portal.issue_token(scopes=(*RECOMMENDED_SCOPES, *LINE_ITEM_SCOPES))
    deal_id = caller.portal.add_deal()
    item_id = caller.portal.add_line_item(
        deal_id,
        name="Platform",
        price="1200.00",
        quantity="2",
        recurringbillingfrequency="annually",
        hs_recurring_billing_period="P24M",
    )
    wanted = "name,amount,recurringbillingfrequency,hs_recurring_billing_period"

    links = caller.post(
        "/crm/associations/2026-09/deals/line_items/batch/read", {"inputs": [{"id": deal_id}]}
    ).json()
    item = caller.get(f"{LINE_ITEMS}/{item_id}", properties=wanted).json()

    assert links["results"] == [
        {
            "from": {"id": deal_id},
            "to": [
                {
                    "toObjectId": int(item_id),
                    "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 19, "label": None}],
                }
            ],
        }
    ]
    assert item["properties"] == {
        "amount": "2400",
        "createdate": "2026-11-22T15:04:05.120Z",
        "hs_lastmodifieddate": "2026-11-22T15:04:05.120Z",
        "hs_object_id": item_id,
        "hs_recurring_billing_period": "P24M",
        "name": "Platform",
        "recurringbillingfrequency": "annually",
    }
    assert item["url"] == f"https://app.hubspot.com/contacts/48211907/record/0-8/{item_id}"


def test_recurring_amounts_of_a_deal(portal: Portal) -> None:
    deal_id = portal.add_deal(amount="1")
    before = amounts(portal, deal_id)
    portal.add_line_item(deal_id, price="100", recurringbillingfrequency="monthly")
    assumed = amounts(portal, deal_id)
    portal.add_line_item(
        deal_id, price="2400", recurringbillingfrequency="annually", hs_recurring_billing_period="P2Y"
    )
    setup = portal.add_line_item(deal_id, price="500")
    whole = amounts(portal, deal_id)
    portal.unlink(("deals", "line_items"), deal_id, setup)

    assert before == [None, None, None, None]
    assert assumed == ["100", "1200", "1200", "1200"]
    assert whole == ["300", "3600", "4100", "6500"]
    assert amounts(portal, deal_id) == ["300", "3600", "3600", "6000"]


def test_changed_line_item_changes_the_deal(portal: Portal) -> None:
    deal_id = portal.add_deal()
    item_id = portal.add_line_item(deal_id, price="100", recurringbillingfrequency="monthly")

    portal.change("line_items", item_id, {"quantity": "3"})

    assert portal.objects["line_items"].records[item_id].properties["amount"] == "300"
    assert amounts(portal, deal_id)[0] == "300"
