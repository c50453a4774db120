from typing import Any

import pytest

from demo.hubspot.scopes import RECOMMENDED_SCOPES, WRITE_SCOPES
from tests.demo.hubspot.caller import Caller, StoppedClock, error_body

STAGES = "/crm/pipelines/2026-09/deals/11348541/stages"
WON = "11348547"
NOW = "2026-11-22T15:04:05.120Z"


@pytest.fixture
def writer(caller: Caller) -> Caller:
    caller.token = caller.portal.issue_token(scopes=(*RECOMMENDED_SCOPES, *WRITE_SCOPES))
    return caller


def stage_body(label: str, **differences: Any) -> dict[str, Any]:
    return {
        "label": label,
        "displayOrder": 2,
        "metadata": {"isClosed": "true", "probability": "1.0"},
        "id": WON,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        "createdAt": "2024-02-14T09:31:07.412Z",
        "updatedAt": NOW,
        "archived": False,
        **differences,
    }


def audit_body(action: str, shown: dict[str, Any], at: str = NOW) -> dict[str, Any]:
    return {
        "portalId": 48211907,
        "identifier": shown["id"],
        "action": action,
        "timestamp": at,
        "message": "",
        "rawObject": shown,
        "fromUserId": 9586504,
    }


def test_audit_of_a_renamed_stage(caller: Caller, clock: StoppedClock) -> None:
    caller.portal.rename_stage(WON, "Gewonnen")
    clock.forward(minutes=1)
    caller.portal.rename_stage(WON, "Closed Won")

    audit = caller.get(f"{STAGES}/{WON}/audit").json()

    later = "2026-11-22T15:05:05.120Z"
    assert audit == {
        "results": [
            audit_body("UPDATE", stage_body("Closed Won", updatedAt=later), at=later),
            audit_body("UPDATE", stage_body("Gewonnen")),
        ]
    }


def test_audit_of_the_pipeline(caller: Caller) -> None:
    caller.portal.rename_stage(WON, "Gewonnen")

    audit = caller.get("/crm/pipelines/2026-09/deals/11348541/audit").json()

    pipeline = caller.get("/crm/pipelines/2026-09/deals/11348541").json()
    assert pipeline["updatedAt"] == NOW
    assert audit == {"results": [audit_body("UPDATE", pipeline)]}


def test_audit_of_a_deleted_stage(caller: Caller) -> None:
    caller.portal.delete_stage(WON)

    audit = caller.get(f"{STAGES}/{WON}/audit").json()

    body = stage_body("Closed Won", updatedAt="2024-02-14T09:31:07.412Z")
    assert audit == {"results": [audit_body("DELETE", body)]}
    assert caller.get(f"{STAGES}/{WON}").status_code == 404


def test_stages_of_a_pipeline(caller: Caller) -> None:
    stages = caller.get(STAGES).json()["results"]

    assert [stage["label"] for stage in stages] == [
        "Renewal Due",
        "Renewal Offered",
        "Closed Won",
        "Closed Lost",
    ]
    assert caller.get(f"{STAGES}/{WON}").json() == stages[2]


def test_new_stage(writer: Caller) -> None:
    response = writer.post(STAGES, {"label": "Won again", "metadata": {"probability": "1.0"}})

    body = response.json()
    properties = writer.get("/crm/properties/2026-09/deals").json()["results"]
    options = {prop["name"]: prop["options"] for prop in properties}["dealstage"]
    assert response.status_code == 201
    assert body == stage_body("Won again", id="20519883", displayOrder=4, createdAt=NOW)
    assert options[11]["label"] == "Won again (Renewals)"
    assert "hs_v2_date_entered_20519883" in {prop["name"] for prop in properties}


def test_changed_stage(writer: Caller) -> None:
    response = writer.patch(f"{STAGES}/{WON}", {"label": "Nearly", "metadata": {"probability": "0.9"}})

    assert response.json() == stage_body("Nearly", metadata={"isClosed": "false", "probability": "0.9"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"label": "Closed Lost"}, "There is a stage Closed Lost in this pipeline already"),
        ({"label": ""}, "label may not be empty"),
        ({"metadata": {"probability": "2"}}, "probability must be given, between 0.0 and 1.0"),
    ],
)
def test_stage_that_cannot_be(writer: Caller, body: dict[str, Any], message: str) -> None:
    response = writer.patch(f"{STAGES}/{WON}", body)

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": message,
        "category": "VALIDATION_ERROR",
    }


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (f"/crm/pipelines/2026-09/deals/11348541/stages/{WON}", {}, 400),
        (
            f"/crm/pipelines/2026-09/deals/11348541/stages/{WON}",
            {"validateReferencesBeforeDelete": "false"},
            204,
        ),
        (f"/crm/v3/pipelines/deals/11348541/stages/{WON}", {}, 204),
        (f"/crm/v3/pipelines/deals/11348541/stages/{WON}", {"validateReferencesBeforeDelete": "true"}, 400),
    ],
)
def test_stage_in_use(writer: Caller, path: str, query: dict[str, str], status: int) -> None:
    writer.portal.add_deal(dealstage=WON)

    response = writer.delete(path, **query)

    assert response.status_code == status
    if status == 400:
        assert error_body(response) == {
            "status": "error",
            "message": f"Stage {WON} cannot be deleted while records are in it.",
            "category": "VALIDATION_ERROR",
            "subCategory": "PipelineError.STAGE_ID_IN_USE",
            "context": {"stageId": [WON], "numberOfRecords": ["1"]},
        }
