from typing import Any

from demo.hubspot.pipelines import Pipeline, Stage
from tests.demo.hubspot.caller import Caller, error_body

PIPELINES = "/crm/pipelines/2026-09/deals"
PROPERTIES = "/crm/properties/2026-09"


def named(caller: Caller, object_type: str, name: str, **query: str) -> dict[str, Any]:
    results = caller.get(f"{PROPERTIES}/{object_type}", **query).json()["results"]
    found: dict[str, Any] = {prop["name"]: prop for prop in results}[name]
    del found["displayOrder"]
    return found


def test_pipelines_body(caller: Caller) -> None:
    caller.portal.pipelines = [
        Pipeline(
            id="default",
            label="Sales Pipeline",
            stages=(
                Stage(id="contractsent", label="Contract Sent", probability="0.9"),
                Stage(id="closedwon", label="Closed Won", probability="1.0", closed=True),
            ),
        )
    ]

    life = {
        "createdAt": "2024-02-14T09:31:07.412Z",
        "updatedAt": "2024-02-14T09:31:07.412Z",
        "archived": False,
    }
    assert caller.get(PIPELINES).json() == {
        "results": [
            {
                "label": "Sales Pipeline",
                "displayOrder": 0,
                "id": "default",
                "stages": [
                    {
                        "label": "Contract Sent",
                        "displayOrder": 0,
                        "metadata": {"isClosed": "false", "probability": "0.9"},
                        "id": "contractsent",
                        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                        **life,
                    },
                    {
                        "label": "Closed Won",
                        "displayOrder": 1,
                        "metadata": {"isClosed": "true", "probability": "1.0"},
                        "id": "closedwon",
                        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                        **life,
                    },
                ],
                **life,
            }
        ]
    }


def test_pipelines_of_a_new_portal(caller: Caller) -> None:
    results = caller.get(PIPELINES).json()["results"]

    won = {
        (pipeline["label"], stage["id"], stage["label"])
        for pipeline in results
        for stage in pipeline["stages"]
        if stage["metadata"] == {"isClosed": "true", "probability": "1.0"}
    }
    assert won == {
        ("Sales Pipeline", "closedwon", "Closed Won"),
        ("Renewals", "11348547", "Closed Won"),
        ("Partners", "20519881", "Closed won"),
    }
    assert results[0]["createdAt"] == "1970-01-01T00:00:00Z"


def test_renamed_stage(caller: Caller) -> None:
    caller.portal.rename_stage("closedwon", "Gewonnen")

    labels = [stage["label"] for stage in caller.get(f"{PIPELINES}/default").json()["stages"]]

    assert labels[-2:] == ["Gewonnen", "Closed Lost"]


def test_built_in_property(caller: Caller) -> None:
    assert named(caller, "deals", "amount") == {
        "updatedAt": "2024-09-05T17:14:04.747Z",
        "createdAt": "2020-06-30T15:57:37.652Z",
        "name": "amount",
        "label": "Amount",
        "type": "number",
        "fieldType": "number",
        "description": "",
        "groupName": "dealinformation",
        "options": [],
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": False,
        "hidden": False,
        "hubspotDefined": True,
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": True,
            "readOnlyValue": False,
        },
        "formField": False,
        "dataSensitivity": "non_sensitive",
        "showCurrencySymbol": True,
        "currencyPropertyName": "deal_currency_code",
    }


def test_custom_enumeration(caller: Caller) -> None:
    assert named(caller, "deals", "billing_frequency") == {
        "updatedAt": "2024-09-05T17:14:04.747Z",
        "createdAt": "2020-06-30T15:57:37.652Z",
        "name": "billing_frequency",
        "label": "Billing Frequency",
        "type": "enumeration",
        "fieldType": "radio",
        "description": "How often the customer is billed",
        "groupName": "dealinformation",
        "options": [
            {"label": "Monthly", "value": "monthly", "displayOrder": 0, "hidden": False},
            {"label": "Quarterly", "value": "quarterly", "displayOrder": 1, "hidden": False},
            {"label": "Semi-annual", "value": "semi_annual", "displayOrder": 2, "hidden": False},
            {"label": "Annual", "value": "annual", "displayOrder": 3, "hidden": False},
            {"label": "One-time", "value": "one_time", "displayOrder": 4, "hidden": False},
        ],
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": False,
        "hidden": False,
        "hubspotDefined": False,
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyValue": False,
        },
        "formField": True,
        "dataSensitivity": "non_sensitive",
    }


def test_owner_property_refers_to_owners(caller: Caller) -> None:
    owner = named(caller, "companies", "hubspot_owner_id")

    assert (owner["referencedObjectType"], owner["externalOptions"], owner["options"]) == ("OWNER", True, [])


def test_archived_property_only_when_asked_for(caller: Caller) -> None:
    caller.portal.archive_property("companies", "vat_number")

    shown = {prop["name"] for prop in caller.get(f"{PROPERTIES}/companies").json()["results"]}
    archived = caller.get(f"{PROPERTIES}/companies", archived="true").json()["results"]

    assert "vat_number" not in shown
    assert [(prop["name"], prop["archived"], prop["archivedAt"]) for prop in archived] == [
        ("vat_number", True, "2026-11-22T15:04:05.120Z")
    ]


def test_every_stage_has_its_date_entered(caller: Caller) -> None:
    names = {prop["name"] for prop in caller.get(f"{PROPERTIES}/deals").json()["results"]}

    stages = [stage.id for pipeline in caller.portal.pipelines for stage in pipeline.stages]
    assert {f"hs_v2_date_entered_{stage}" for stage in stages} <= names


def test_property_that_does_not_exist(caller: Caller) -> None:
    response = caller.get(f"{PROPERTIES}/deals/no_such_thing")

    assert response.status_code == 404
    assert error_body(response) == {"status": "error", "message": "resource not found"}


def test_sensitive_properties_only_when_asked_for(caller: Caller) -> None:
    scope = "crm.objects.deals.sensitive.read.v2"
    path = f"{PROPERTIES}/deals"

    refused = caller.get(path, dataSensitivity="sensitive")
    caller.token = caller.portal.issue_token(scopes=("crm.objects.deals.read", scope))
    shown = caller.get(path, dataSensitivity="sensitive").json()["results"]

    usual = {prop["name"] for prop in caller.get(path).json()["results"]}
    assert error_body(refused)["errors"][0]["context"] == {"requiredGranularScopes": [scope]}
    assert [(prop["name"], prop["dataSensitivity"]) for prop in shown] == [("tax_number", "sensitive")]
    assert "tax_number" not in usual


def test_sensitive_value_without_the_scope(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(tax_number="DE1")
    path = f"/crm/objects/2026-09/deals/{deal_id}"

    without = caller.get(path, properties="tax_number").json()["properties"]
    caller.portal.change_scopes(
        caller.token, ("crm.objects.deals.read", "crm.objects.deals.sensitive.read.v2")
    )

    assert "tax_number" not in without
    assert caller.get(path, properties="tax_number").json()["properties"]["tax_number"] == "DE1"


def test_sensitivity_that_is_none(caller: Caller) -> None:
    response = caller.get(f"{PROPERTIES}/deals", dataSensitivity="secret")

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "dataSensitivity must be one of non_sensitive, sensitive, highly_sensitive",
        "category": "VALIDATION_ERROR",
    }


def test_language_changes_nothing(caller: Caller) -> None:
    path = f"{PROPERTIES}/companies"

    assert caller.get(path, locale="de").json() == caller.get(path).json()
