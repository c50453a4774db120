"""Stages that look as if they should be imported."""

import pytest

from crm_sync.clients.spellings import spellings
from crm_sync.deals import NearMiss, Stage
from crm_sync.mapping.near_misses import (
    gone_finding,
    gone_stages,
    near_misses,
    reason,
    sentence,
    warnings,
    with_counts,
)


def found(
    *stages: Stage, unlisted: tuple[str, ...] = (), selected: tuple[str, ...] = ("Closed Won",)
) -> list[str]:
    return [one.name for one in near_misses(stages=stages, unlisted=unlisted, selected=selected)]


@pytest.mark.parametrize(
    "name",
    [
        "closed won",
        "CLOSED WON",
        "Closed won",
        "Closed Won ",
        " Closed Won",
        "Closed  Won",
        "Closed\u00a0Won",
        "Closed\u200bWon",
        "ClosedWon",
        "Closed-Won",
        "Closed \u2013 Won",
        "closed_won",
        "Clósed Won",
        "Ｃlosed Won",
    ],
)
def test_cases_39_and_40_name_that_differs_in_what_the_eye_forgives(name: str) -> None:
    assert found(Stage(id="1", name=name)) == [name]
    assert found(unlisted=(name,)) == [name]


@pytest.mark.parametrize(
    "name", ["Closed Won", "Closed Lost", "Won", "Closed Won?", "Closed Wonn", "", "Closed"]
)
def test_name_that_is_selected_or_another_one(name: str) -> None:
    assert found(Stage(id="1", name=name), unlisted=(name,)) == []


def test_case_40_stage_that_the_crm_calls_won_and_nobody_selected() -> None:
    assert found(Stage(id="1", name="Won", is_won=True), Stage(id="2", name="Lost", is_won=False)) == ["Won"]


def test_look_alikes_come_first_and_pipelines_are_joined() -> None:
    stages = [
        Stage(id="1", name="Signed", pipeline="Sales", is_won=True),
        Stage(id="2", name="Closed won", pipeline="Sales"),
        Stage(id="3", name="Closed won", pipeline="Partners", is_won=True),
    ]

    assert near_misses(stages=stages, unlisted=[], selected=["Closed Won"]) == [
        NearMiss(name="Closed won", resembles="Closed Won", ids=("2", "3"), pipelines="Sales, Partners"),
        NearMiss(name="Signed", ids=("1",), pipelines="Sales"),
    ]


def test_selected_stage_that_vanished() -> None:
    stages = [Stage(id="1", name="Closed won")]

    assert gone_stages(stages=stages, selected=["Closed Won", "Closed won"]) == ["Closed Won"]
    some = gone_finding(provider="HubSpot", gone=["Closed Won"], selected=["Closed Won", "Closed won"])
    assert some.sentence == (
        "No stage in HubSpot is named Closed Won. Choose the stages again on this connection."
    )
    assert gone_finding(provider="HubSpot", gone=["A", "B"], selected=["A", "B"]).sentence == (
        "No stage in HubSpot is named A or B. Nothing is imported. Choose the stages again on this connection."
    )


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (3, "3 deals in 'Closed won' are not imported."),
        (1, "1 deal in 'Closed won' is not imported."),
        (12_000, "12,000 deals in 'Closed won' are not imported."),
        (0, "Deals in 'Closed won' would not be imported; there are none."),
        (None, "Deals in 'Closed won' are not imported."),
    ],
)
def test_sentence(count: int | None, words: str) -> None:
    assert sentence(NearMiss(name="Closed won", count=count)) == words


def test_reason() -> None:
    assert reason(NearMiss(name="closed won", resembles="Closed Won"), provider="Salesforce") == (
        "Its name differs from 'Closed Won' in capitals, blanks, dashes or accents, "
        "and only the exact name counts."
    )
    assert reason(NearMiss(name="Signed"), provider="HubSpot") == (
        "HubSpot itself calls this stage won, and it is not among the stages that are imported."
    )


def test_run_is_warned_of_those_that_leave_deals_behind() -> None:
    misses = with_counts([NearMiss(name="Closed won"), NearMiss(name="Signed")], {"Closed won": 2})

    assert [one.sentence for one in warnings(misses)] == [
        "2 deals in 'Closed won' are not imported. Select this stage on the connection if they are won."
    ]


def test_usual_spellings() -> None:
    assert spellings("Closed Won") == ["Closed Won", "ClosedWon", "Closed-Won", "Closed - Won", "Closed_Won"]
    assert spellings("Won") == []
