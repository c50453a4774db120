import pytest

from crm_sync.clients.hubspot.errors import error_of
from crm_sync.clients.hubspot.presence import merged_ids
from crm_sync.clients.hubspot.values import object_id
from crm_sync.clients.reading import one_line, reads_answers_of
from crm_sync.errors import TransientError
from tests.crm_sync.clients.wire import answer_of


def test_a_name_out_of_an_answer_is_one_short_line() -> None:
    assert (
        one_line("MISSING\x00_SCOPES\nERROR forged \ud800" + "x" * 99)
        == "MISSING_SCOPESERROR forged " + "x" * 33
    )
    assert one_line(None) == "None"


def test_what_hubspot_calls_its_refusals_can_be_stored() -> None:
    scopes = [f"crm.{number}\x00\n" for number in range(1000)]
    body = {
        "category": "MISSING_SCOPES\x00\n" + "x" * 500,
        "errors": [{"context": {"requiredGranularScopes": scopes}}],
    }

    refusal = error_of(answer_of(body, status=403))

    named = " or ".join(f"crm.{number}" for number in range(20))
    assert refusal.sentence == f"The access token lacks the scope {named}."
    assert refusal.code == "MISSING_SCOPES"


def test_an_id_has_20_digits_at_the_most() -> None:
    assert object_id("9" * 20) == "9" * 20


@pytest.mark.parametrize("value", ["9" * 21, "", "12a", "\u0661", None])
def test_what_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="no id"):
        object_id(value)


def test_merged_ids_without_end_are_cut() -> None:
    listed = ";".join(str(number) for number in range(100_000))

    found = merged_ids({"properties": {"hs_merged_object_ids": listed}})

    assert found == [str(number) for number in range(1000)]


def test_an_answer_of_another_kind_fails_with_a_sentence_and_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @reads_answers_of("HubSpot")
    def name_in(body: dict[str, str]) -> str:
        return body["name"]

    with pytest.raises(TransientError, match="HubSpot answered with something that Fincelo cannot read"):
        name_in({})
    assert [record.exc_info is not None for record in caplog.records] == [True]
