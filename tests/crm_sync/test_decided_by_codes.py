"""Decisions hang on codes and keys: labels and sentences that look alike change nothing."""

from importlib import import_module

import pytest
from django.contrib.auth.models import User
from django.db import connection as database

from crm_sync.enums import Outcome, Target
from crm_sync.errors import NEXT_POLL, TransientError
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import finding
from crm_sync.holds.entered_values import overrides_of
from crm_sync.mapping.rules import FieldRule
from crm_sync.models import SyncRecord
from crm_sync.oversight.story import sync_story
from crm_sync.previews.warnings import of_mapping, of_unit
from tests.crm_sync.deal_values import a_deal, mapped, rules_with
from tests.crm_sync.page_rows import connect, deal, ran, recorded

TWIN = FieldRule(target=Target.CUSTOM, custom_label="Currency", default_value="not told")
TERM = FieldRule(target=Target.CUSTOM, custom_label="Contract Duration", source_field="term_note")
ENTRY = {"reason": "By phone.", "by": "fiona", "at": "2026-11-20T10:00:00+00:00"}


def test_custom_field_with_the_label_of_another_is_not_taken_for_it() -> None:
    assert of_mapping(mapped(a_deal(), rules=rules_with(TWIN))) == []
    assert of_mapping(mapped(a_deal(deal_currency_code=None), rules=rules_with(TWIN))) == [
        finding(FindingCode.DEFAULT_CURRENCY, currency="EUR")
    ]
    in_words = mapped(a_deal(term="one year", term_note="12"), rules=rules_with(TERM))
    assert (
        in_words.problems,
        of_unit(in_words, doubts=[finding(FindingCode.WORDED, sentence="Months or years?")]),
    ) == ((), [])


def test_steps_of_two_fields_with_one_label_are_told_apart(finance: User) -> None:
    connection = connect()
    both = {key: {**ENTRY, "value": "12"} for key in ("duration", "custom:Contract Duration")}
    one = deal(connection, overrides=both)
    steps = [
        {"key": "duration", "field": "Contract Duration", "crm": "6"},
        {"key": "custom:Contract Duration", "field": "Contract Duration", "crm": "half a year"},
    ]
    SyncRecord.objects.create(run=ran(connection), crm_deal=one, outcome=Outcome.UPDATED, trace=steps)

    assert {shown.key: shown.crm for shown in overrides_of(one)} == {
        "duration": "6",
        "custom:Contract Duration": "half a year",
    }


def test_stored_steps_get_the_keys_of_their_fields(finance: User) -> None:
    run = ran(connect())
    run.mapping_version.snapshot = {
        "rules": [
            {"target": "custom", "custom_label": "Region"},
            {"target": "custom", "custom_label": "Currency"},
        ]
    }
    run.mapping_version.save()
    labels = ("Contract Value", "Region", "Currency", "Contract Value")
    record = SyncRecord.objects.create(
        run=run,
        crm_deal=deal(run.connection),
        outcome=Outcome.CREATED,
        trace=[{"field": label, "value": str(place)} for place, label in enumerate(labels)],
    )
    migration = import_module("crm_sync.migrations.0120_steps_name_their_field_by_key")

    for _ in range(2):
        with database.cursor() as cursor:
            cursor.execute(migration.NAME_BY_KEY)

    record.refresh_from_db()
    assert [(step.get("key"), step["field"], step["value"]) for step in record.trace] == [
        ("contract_value", "Contract Value", "0"),
        ("custom:Region", "Region", "1"),
        (None, "Currency", "2"),
        ("contract_value", "Contract Value", "3"),
    ]


@pytest.mark.parametrize(
    ("next_step", "told", "waits"),
    [("", NEXT_POLL, True), (NEXT_POLL, NEXT_POLL, False)],
    ids=["none", "same"],
)
def test_that_an_error_waits_for_polls_is_no_matter_of_words(next_step: str, told: str, waits: bool) -> None:
    error = TransientError("It failed.", next_step=next_step)

    assert (error.next_step, error.waits_for_poll) == (told, waits)


def test_deal_that_is_held_for_the_same_again_tells_it_once_however_it_is_worded(finance: User) -> None:
    connection = connect()
    one, empty, low = (
        deal(connection),
        {"code": "AMOUNT_MISSING", "raw": ""},
        {"code": "OVER_LIMIT", "raw": "9"},
    )
    for sentence, problems in (("It is empty.", [empty]), ("Es ist leer.", [empty]), ("Es ist leer.", [low])):
        recorded(ran(connection), one, sentence=sentence, problems=problems)

    assert [event.detail for event in sync_story(deal=one)] == ["Es ist leer.", "It is empty."]


def test_records_of_before_keep_what_tells_their_causes_apart(finance: User) -> None:
    connection = connect()
    record = recorded(ran(connection), deal(connection), code="AMOUNT_MISSING", sentence="It is empty.")
    migration = import_module("crm_sync.migrations.0123_records_say_what_held_the_deal")

    for _ in range(2):
        with database.cursor() as cursor:
            cursor.execute(migration.CAUSES)

    record.refresh_from_db()
    assert record.problems == [{"code": "AMOUNT_MISSING", "sentence": "It is empty."}]
