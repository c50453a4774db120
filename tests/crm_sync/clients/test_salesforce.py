"""The Salesforce client against the simulated org, over HTTP."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.deals import Cursor, Deal, DealPage
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError, TransientError
from demo.http_server import Server
from demo.salesforce.org import Org
from tests.crm_sync.clients.salesforce_reading import NOON, WANTED, add_deal, asked, ids, read


@pytest.fixture
def client(salesforce_client: SalesforceClient) -> SalesforceClient:
    return salesforce_client


def test_a_deal_with_everything_it_was_asked_for(
    client: SalesforceClient, org: Org, salesforce_server: Server
) -> None:
    account = org.add_account("Acme <b>Ltd</b>")
    deal_id = add_deal(
        org,
        Name="Acme - Platform",
        Amount=12_000.5,
        AccountId=account,
        Contract_Term__c=24,
        Billing_Frequency__c="Annual",
    )

    pages = read(client, asked())

    assert pages == [
        DealPage(
            deals=[
                Deal(
                    external_id=deal_id,
                    name="Acme - Platform",
                    stage="Closed Won",
                    crm_says_won=True,
                    crm_says_closed=True,
                    modified_at=NOON,
                    close_date=date(2026, 11, 22),
                    account_id=account,
                    url=f"{salesforce_server.url}/lightning/r/Opportunity/{deal_id}/view",
                    fields={
                        SourceObject.DEAL: {
                            "Amount": Decimal("12000.5"),
                            "CloseDate": "2026-11-22",
                            "Contract_Term__c": Decimal("24.0"),
                            "Billing_Frequency__c": "Annual",
                        },
                        SourceObject.ACCOUNT: {"Name": "Acme <b>Ltd</b>"},
                        SourceObject.OWNER: {"Email": "ada@acme.example"},
                    },
                )
            ],
            cursor=Cursor(modified_at=NOON, external_id=deal_id),
            expected=1,
        )
    ]
    assert client.calls == 1


def test_a_deal_without_account_amount_or_term(client: SalesforceClient, org: Org) -> None:
    add_deal(org)

    (deal,) = read(client, asked())[0].deals

    assert (deal.account_id, deal.fields[SourceObject.ACCOUNT]) == ("", {"Name": None})
    assert deal.fields[SourceObject.DEAL] == {
        "Amount": None,
        "CloseDate": "2026-11-22",
        "Contract_Term__c": None,
        "Billing_Frequency__c": None,
    }


def test_pages_are_followed_to_the_end(client: SalesforceClient, org: Org) -> None:
    org.max_page_size = 200
    expected = org.add_won_deals(450, modified_at=NOON)

    pages = read(client, asked())

    assert ids(pages) == expected
    assert [(len(page.deals), page.expected) for page in pages] == [(200, 450), (200, 450), (50, 450)]
    began = pages[0].cursor.window_end if pages[0].cursor else None
    assert began is not None
    assert [page.cursor for page in pages] == [
        Cursor(external_id=expected[199], window_end=began, reached_at=NOON - timedelta(seconds=1)),
        Cursor(external_id=expected[399], window_end=began, reached_at=NOON),
        Cursor(modified_at=NOON, external_id=expected[449]),
    ]
    assert client.calls == 3


def test_the_first_import_asks_for_won_deals_since_import_from(client: SalesforceClient, org: Org) -> None:
    won = add_deal(org)
    other_case = add_deal(org, stage="closed won")
    add_deal(org, stage="Prospecting")
    add_deal(org, CloseDate=date(2025, 12, 31))
    on_the_day = add_deal(org, CloseDate=date(2026, 1, 1))

    assert ids(read(client, asked())) == [won, other_case, on_the_day]


def test_a_poll_asks_for_everything_at_or_after_the_cursor_less_the_overlap(
    client: SalesforceClient, org: Org
) -> None:
    add_deal(org, at=NOON - timedelta(minutes=30, seconds=1))
    on_the_edge = add_deal(org, at=NOON - timedelta(minutes=30))
    reopened = add_deal(org, at=NOON, stage="Negotiation/Review")
    long_closed = add_deal(org, at=NOON + timedelta(minutes=1), CloseDate=date(2020, 1, 1))

    pages = read(client, asked(Cursor(modified_at=NOON)))

    assert ids(pages) == [on_the_edge, reopened, long_closed]
    assert [deal.stage for deal in pages[0].deals] == ["Closed Won", "Negotiation/Review", "Closed Won"]
    assert pages[0].cursor == Cursor(modified_at=NOON + timedelta(minutes=1), external_id=long_closed)


def test_deals_of_one_second_are_seen_again_and_none_is_missed(client: SalesforceClient, org: Org) -> None:
    twins = [add_deal(org) for _ in range(5)]
    cursor = read(client, asked())[-1].cursor
    late = add_deal(org)
    assert cursor is not None

    assert ids(read(client, asked(cursor))) == [*twins, late]


@pytest.mark.parametrize("minutes", [None, 20])
def test_the_cursor_never_moves_backwards(client: SalesforceClient, org: Org, minutes: int | None) -> None:
    """After an answer without deals, and after one that has only deals of the overlap."""
    cursor = Cursor(modified_at=NOON)
    if minutes is not None:
        add_deal(org, at=NOON - timedelta(minutes=minutes))

    assert [page.cursor for page in read(client, asked(cursor))] == [cursor]


def test_the_cursor_never_passes_salesforces_own_clock(client: SalesforceClient, org: Org) -> None:
    now = datetime.now(UTC)
    add_deal(org, at=now + timedelta(days=2), CloseDate=now.date())

    cursor = read(client, asked())[-1].cursor

    assert cursor is not None
    assert cursor.modified_at is not None
    assert abs(cursor.modified_at - now) < timedelta(minutes=1)


def test_a_mapped_field_that_is_gone_is_left_out_and_told(client: SalesforceClient, org: Org) -> None:
    deal_id = add_deal(org, Amount=5, Contract_Term__c=12)
    org.remove_field("Opportunity", "Contract_Term__c")

    (deal,) = read(client, asked())[0].deals

    assert (deal.external_id, deal.hidden_fields) == (deal_id, {(SourceObject.DEAL, "Contract_Term__c")})
    assert (deal.fields[SourceObject.DEAL]["Amount"], client.calls) == (Decimal("5.0"), 5)
    read(client, asked())
    assert client.calls == 6


def test_several_hidden_fields_of_several_objects_are_found_at_once(
    client: SalesforceClient, org: Org
) -> None:
    add_deal(org)
    for name in ("Contract_Term__c", "Billing_Frequency__c", "Amount"):
        org.remove_field("Opportunity", name)

    (deal,) = read(client, asked(wanted={**WANTED, SourceObject.ACCOUNT: ["Name", "Nowhere__c"]}))[0].deals

    assert deal.hidden_fields == {
        (SourceObject.DEAL, "Contract_Term__c"),
        (SourceObject.DEAL, "Billing_Frequency__c"),
        (SourceObject.DEAL, "Amount"),
        (SourceObject.ACCOUNT, "Nowhere__c"),
    }


def test_a_path_that_leads_nowhere_is_left_out(client: SalesforceClient, org: Org) -> None:
    """Describe tells nothing of other objects: the refusal itself names the relationship."""
    add_deal(org, Amount=5)

    (deal,) = read(client, asked(wanted={SourceObject.DEAL: ["Amount", "Quote__r.Term__c"]}))[0].deals

    assert deal.hidden_fields == {(SourceObject.DEAL, "Quote__r.Term__c")}
    assert deal.fields[SourceObject.DEAL] == {"Amount": Decimal("5.0"), "Quote__r.Term__c": None}


def test_a_refusal_for_a_field_nobody_mapped_is_an_error(client: SalesforceClient, org: Org) -> None:
    org.remove_field("Opportunity", "IsWon")

    with pytest.raises(ConfigError) as refusal:
        read(client, asked())

    assert (refusal.value.code, refusal.value.subject) == ("INVALID_FIELD", "IsWon")


def test_a_user_who_may_not_see_the_account_of_a_deal(client: SalesforceClient, org: Org) -> None:
    add_deal(org, AccountId=org.add_account("Acme"))
    org.remove_field("Opportunity", "AccountId")

    (deal,) = read(client, asked())[0].deals

    assert (deal.account_id, deal.account_problem) == (
        "",
        "The connected user may not see which account the deal belongs to: the field Account Name (AccountId) "
        "of opportunities is hidden from it.",
    )
    assert deal.hidden_fields == {(SourceObject.DEAL, "AccountId"), (SourceObject.ACCOUNT, "Name")}


def test_results_that_salesforce_has_thrown_away_mean_another_poll(
    client: SalesforceClient, org: Org
) -> None:
    org.max_page_size = 200
    org.add_won_deals(300)
    pages = client.changed_deals(query=asked())
    next(pages)
    org.expire_cursors()

    with pytest.raises(TransientError) as failure:
        next(pages)

    assert (failure.value.sentence, failure.value.code) == (
        "Salesforce no longer knows the next page of a query.",
        "INVALID_QUERY_LOCATOR",
    )


def test_named_deals_are_read_as_they_are_now(client: SalesforceClient, org: Org) -> None:
    kept, deleted = add_deal(org, Amount=1), add_deal(org)
    org.edit(kept, Amount=2)
    org.delete(deleted)

    pages = client.deals_by_id(external_ids=[kept[:15], kept, deleted], wanted=WANTED)

    assert [(page.cursor, page.expected) for page in pages] == [(None, 2)]
    assert [(deal.external_id, deal.fields[SourceObject.DEAL]["Amount"]) for deal in pages[0].deals] == [
        (kept, Decimal("2.0"))
    ]


def test_many_named_deals_are_asked_for_in_parts(client: SalesforceClient, org: Org) -> None:
    expected = org.add_won_deals(450)

    pages = client.deals_by_id(external_ids=expected, wanted=WANTED)

    assert sorted(ids(pages)) == sorted(expected)
    assert [len(page.deals) for page in pages] == [200, 200, 50]
    assert client.calls == 3


@pytest.mark.parametrize("name", ["Amount, (SELECT Id FROM Contacts)", "Amount FROM Lead--", "1x", "", "a'b"])
def test_what_is_no_field_name_never_gets_into_a_query(client: SalesforceClient, name: str) -> None:
    with pytest.raises(ValueError, match="is no Salesforce field name"):
        read(client, asked(wanted={SourceObject.DEAL: [name]}))

    assert client.calls == 0


def test_fields_of_the_account(client: SalesforceClient, org: Org) -> None:
    parent = org.add_account("Group")
    add_deal(org, AccountId=org.add_account("Acme", ParentId=parent))

    (deal,) = read(client, asked(wanted={SourceObject.ACCOUNT: ["Name", "ParentId"]}))[0].deals

    assert deal.fields[SourceObject.ACCOUNT] == {"Name": "Acme", "ParentId": parent}


def test_an_org_with_many_currencies(client: SalesforceClient, org: Org) -> None:
    org.multi_currency = True
    add_deal(org, CurrencyIsoCode="GBP")

    facts = client.identify()
    (deal,) = read(client, asked())[0].deals

    assert facts.has_currency_field is True
    assert deal.fields[SourceObject.DEAL]["CurrencyIsoCode"] == "GBP"
