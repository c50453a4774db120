from demo.salesforce.org import Org
from demo.salesforce.schema import Field
from tests.demo.salesforce.visitor import Client, StoppedClock

OPPORTUNITY = "/services/data/v66.0/sobjects/Opportunity/describe"
STANDARD_FIELDS = [
    "Id", "IsDeleted", "AccountId", "IsPrivate", "Name", "Description", "StageName", "Amount", "Probability",
    "ExpectedRevenue", "TotalOpportunityQuantity", "CloseDate", "Type", "NextStep", "LeadSource",
    "IsClosed", "IsWon", "ForecastCategory", "ForecastCategoryName", "CampaignId", "HasOpportunityLineItem",
    "Pricebook2Id", "OwnerId", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById",
    "SystemModstamp", "LastActivityDate", "LastStageChangeDate", "FiscalQuarter", "FiscalYear", "Fiscal",
    "ContactId", "LastViewedDate", "LastReferencedDate", "HasOpenActivity", "HasOverdueTask",
    "LastAmountChangedHistoryId", "LastCloseDateChangedHistoryId",
]  # fmt: skip
CUSTOM_FIELDS = ["Contract_Term__c", "Billing_Frequency__c", "PO_Number__c"]


def field_names(client: Client, path: str = OPPORTUNITY) -> list[str]:
    return [field["name"] for field in client.get(path).json()["fields"]]


def test_top_of_describe(connected: Client) -> None:
    body = connected.get(OPPORTUNITY).json()

    assert {
        key: body[key] for key in ("name", "label", "labelPlural", "keyPrefix", "custom", "queryable")
    } == {
        "name": "Opportunity",
        "label": "Opportunity",
        "labelPlural": "Opportunities",
        "keyPrefix": "006",
        "custom": False,
        "queryable": True,
    }
    assert body["urls"]["uiDetailTemplate"] == f"{connected.url}/{{ID}}"
    assert [child["relationshipName"] for child in body["childRelationships"]] == ["OpportunityHistories"]


def test_fields_of_an_opportunity(connected: Client) -> None:
    assert field_names(connected) == STANDARD_FIELDS + CUSTOM_FIELDS


def test_recorded_facts_of_fields(connected: Client) -> None:
    fields = {field["name"]: field for field in connected.get(OPPORTUNITY).json()["fields"]}
    stage = fields["StageName"]

    recorded = {
        "AccountId": {
            "type": "reference",
            "referenceTo": ["Account"],
            "relationshipName": "Account",
            "nillable": True,
        },
        "Amount": {
            "type": "currency",
            "precision": 18,
            "scale": 2,
            "soapType": "xsd:double",
            "nillable": True,
        },
        "Billing_Frequency__c": {"label": "Billing Frequency", "type": "picklist", "custom": True},
        "Contract_Term__c": {"label": "Contract Term", "type": "double", "custom": True},
        "StageName": {
            "aggregatable": True,
            "byteLength": 765,
            "length": 255,
            "nillable": False,
            "permissionable": False,
            "restrictedPicklist": False,
            "soapType": "xsd:string",
            "sortable": True,
        },
    }
    assert {name: {key: fields[name][key] for key in facts} for name, facts in recorded.items()} == recorded
    assert stage["picklistValues"][8] == {
        "active": True,
        "defaultValue": False,
        "label": "Closed Won",
        "validFor": None,
        "value": "Closed Won",
    }


def test_only_permissionable_fields_can_be_hidden(connected: Client, org: Org) -> None:
    fields = connected.get(OPPORTUNITY).json()["fields"]

    hideable = [field["name"] for field in fields if field["permissionable"]]

    assert {"Amount", "AccountId", "Type", "Probability", "Description", *CUSTOM_FIELDS} <= set(hideable)
    assert not {"Id", "Name", "StageName", "CloseDate", "OwnerId", "IsWon", "SystemModstamp"} & set(hideable)


def test_hidden_field_is_absent_and_leaves_last_modified(
    connected: Client, org: Org, clock: StoppedClock
) -> None:
    before = connected.get(OPPORTUNITY).headers["Last-Modified"]
    clock.forward(minutes=5)

    org.hide_field("Opportunity", "Amount")

    assert "Amount" not in field_names(connected)
    assert connected.get(OPPORTUNITY).headers["Last-Modified"] == before


def test_not_modified_until_the_schema_changes(connected: Client, org: Org, clock: StoppedClock) -> None:
    first = connected.get(OPPORTUNITY)
    since = {"If-Modified-Since": first.headers["Last-Modified"]}

    unchanged = connected.get(OPPORTUNITY, headers=since)
    clock.forward(minutes=5)
    org.add_field("Opportunity", Field(name="Seats__c", label="Seats", type="double", custom=True))
    changed = connected.get(OPPORTUNITY, headers=since)

    assert first.headers["Last-Modified"] == "Sun, 22 Nov 2026 10:14:07 GMT"
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == first.headers["ETag"]
    assert (changed.status_code, changed.json()["fields"][-1]["name"]) == (200, "Seats__c")


def test_multi_currency_adds_the_currency(connected: Client, org: Org) -> None:
    org.multi_currency = True

    assert "CurrencyIsoCode" in field_names(connected)


def test_person_accounts_add_their_fields(connected: Client, org: Org) -> None:
    path = "/services/data/v66.0/sobjects/Account/describe"
    plain = field_names(connected, path)

    org.person_accounts = True

    assert [name for name in field_names(connected, path) if name not in plain] == [
        "IsPersonAccount",
        "FirstName",
        "LastName",
        "PersonEmail",
        "PersonContactId",
    ]


def test_renamed_stage_shows_its_label_and_keeps_its_value(connected: Client, org: Org) -> None:
    org.set_stages([{"ApiName": "Closed Won", "MasterLabel": "Gagné", "IsClosed": True, "IsWon": True}])

    fields = {field["name"]: field for field in connected.get(OPPORTUNITY).json()["fields"]}

    assert [(each["value"], each["label"]) for each in fields["StageName"]["picklistValues"]] == [
        ("Closed Won", "Gagné")
    ]
