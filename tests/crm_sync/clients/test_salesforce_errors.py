import pytest

from crm_sync.clients.salesforce.errors import (
    code_and_message,
    data_error,
    needs_new_token,
    token_error,
)
from crm_sync.clients.salesforce.rules import DATA_RULES, TOKEN_RULES, Rule
from crm_sync.errors import NEXT_POLL, ConfigError, SyncError, TransientError
from tests.crm_sync.clients.wire import answer_of


def refused(code: str, message: str = "", *, status: int = 400, **headers: str) -> SyncError:
    return data_error(answer_of([{"errorCode": code, "message": message}], status=status, headers=headers))


def kind(error: SyncError) -> str:
    if isinstance(error, ConfigError) and error.breaks:
        return "broken"
    return error.kind.value


DATA = {
    "API_DISABLED_FOR_ORG": (403, "config"),
    "API_CURRENTLY_DISABLED": (403, "config"),
    "MALFORMED_QUERY": (400, "config"),
    "INVALID_QUERY_FILTER_OPERATOR": (400, "config"),
    "INVALID_TYPE": (400, "config"),
    "INSUFFICIENT_ACCESS": (403, "config"),
    "INSUFFICIENT_ACCESS_OR_READONLY": (403, "config"),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (403, "config"),
    "FUNCTIONALITY_NOT_ENABLED": (403, "config"),
    "TXN_SECURITY_METERING_ERROR": (403, "config"),
    "REQUEST_LIMIT_EXCEEDED": (403, "transient"),
    "QUERY_TIMEOUT": (400, "transient"),
    "OPERATION_TOO_LARGE": (400, "transient"),
    "INVALID_QUERY_LOCATOR": (400, "transient"),
    "NOT_FOUND": (404, "config"),
    "URL_NOT_RESET": (400, "config"),
}


def step_of(rule: Rule) -> str:
    """What passes by itself needs no step of its own."""
    return rule.next_step or NEXT_POLL


@pytest.mark.parametrize("code", DATA_RULES)
def test_every_row_of_the_table_for_data_calls(code: str) -> None:
    status, expected = DATA[code]

    error = refused(code, status=status)

    rule = DATA_RULES[code]
    assert (error.sentence, error.next_step) == (rule.sentence, step_of(rule))
    assert (kind(error), error.code, error.status) == (expected, code, status)


@pytest.mark.parametrize(
    ("code", "message", "status", "expected"),
    [
        ("INVALID_SESSION_ID", "Session expired or invalid", 401, "transient"),
        ("INVALID_SESSION_ID", "This session is not valid for use with the REST API", 401, "broken"),
        ("GONE", "The requested API version has been retired", 410, "config"),
        ("INVALID_SESSION_ID", "Connected app is not attached to Agent", 401, "broken"),
        ("SOMETHING_NEW", "nobody knows", 400, "config"),
        ("", "", 302, "config"),
        ("", "", 404, "config"),
        ("", "", 409, "config"),
        ("", "", 413, "config"),
        ("", "", 414, "config"),
        ("", "", 431, "config"),
        ("", "", 406, "transient"),
        ("", "", 408, "transient"),
        ("", "", 420, "transient"),
        ("", "", 429, "transient"),
        ("UNKNOWN_EXCEPTION", "ErrorId : 7", 500, "transient"),
        ("", "", 502, "transient"),
        ("SERVER_UNAVAILABLE", "busy", 503, "transient"),
    ],
)
def test_what_the_table_does_not_name(code: str, message: str, status: int, expected: str) -> None:
    error = refused(code, message, status=status)

    assert (kind(error), error.status) == (expected, status)


@pytest.mark.parametrize(
    ("message", "sentence", "retry_after"),
    [
        ("TotalRequests Limit exceeded.", "Salesforce's API limit is used up.", 900.0),
        (
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            "Salesforce is working on too many requests of this org at once.",
            60.0,
        ),
        (
            "ConcurrentPerOrgLongTxn Limit exceeded",
            "Salesforce is working on too many requests of this org at once.",
            60.0,
        ),
    ],
)
def test_case_77_a_limit_says_when_to_come_back(message: str, sentence: str, retry_after: float) -> None:
    error = refused("REQUEST_LIMIT_EXCEEDED", message, status=403)

    assert isinstance(error, TransientError)
    assert (error.sentence, error.retry_after) == (sentence, retry_after)


def test_a_retry_after_of_salesforce_counts_more() -> None:
    error = refused("REQUEST_LIMIT_EXCEEDED", status=403, **{"Retry-After": "30"})

    assert isinstance(error, TransientError)
    assert error.retry_after == 30.0


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (
            "\nSELECT Id,Gone__c FROM Opportunity\n          ^\nERROR at Row:1:Column:11\n"
            "No such column 'Gone__c' on entity 'Opportunity'. If you are attempting to use a custom field ...",
            "Gone__c",
        ),
        ("Didn't understand relationship 'Contact' in field path.", "Contact"),
        ("worded in another way", "A mapped field"),
    ],
)
def test_case_73_a_missing_field_is_named(message: str, name: str) -> None:
    error = refused("INVALID_FIELD", message)

    assert str(error) == (
        f"{name} is not in Salesforce, or the connected user may not see it. "
        "Give the user read access to it, or choose another field in Field Mapping."
    )
    assert (kind(error), error.code) == ("config", "INVALID_FIELD")


@pytest.mark.parametrize("row", TOKEN_RULES, ids=str)
def test_every_row_of_the_table_for_tokens(row: str | tuple[str, str]) -> None:
    code, description = row if isinstance(row, tuple) else (row, "worded in another way")

    error = token_error(
        answer_of({"error": code, "error_description": f" {description.upper()} "}, status=400)
    )

    rule = TOKEN_RULES[row]
    assert (error.sentence, error.next_step, error.code) == (rule.sentence, step_of(rule), code)
    assert (error.kind, kind(error) == "broken") == (rule.kind, rule.breaks)


@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("invalid_grant", "expired access/refresh token"),
        ("invalid_grant", "inactive user"),
        ("invalid_client", "invalid client credentials"),
        ("invalid_client_id", "client identifier invalid"),
    ],
)
def test_case_75_definitive_refusals_break_the_connection(code: str, description: str) -> None:
    error = token_error(answer_of({"error": code, "error_description": description}, status=400))

    assert kind(error) == "broken"


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"error": "never_heard_of"}, 400, "config"),
        ({"error": "invalid_grant"}, 503, "transient"),
        ({"error": "invalid_grant"}, 429, "transient"),
        ("<html>maintenance</html>", 400, "transient"),
        ("", 400, "transient"),
        ({}, 401, "transient"),
        ("", 302, "config"),
    ],
)
def test_other_answers_of_the_token_endpoint(body: object, status: int, expected: str) -> None:
    assert kind(token_error(answer_of(body, status=status))) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([{"errorCode": "X", "message": "y"}], ("X", "y")),
        ([{"errorCode": None}], ("None", "")),
        ([{"errorCode": "N\x00UL", "message": "half \ud800 a pair"}], ("NUL", "half  a pair")),
        ({"error": "x" * 500}, ("x" * 60, "")),
        ({"error": "x", "error_description": "y"}, ("x", "y")),
        ({"errorCode": "X", "message": "y"}, ("X", "y")),
        ([], ("", "[]")),
        (["text"], ("", '["text"]')),
        ("Bad_OAuth_Token", ("", "Bad_OAuth_Token")),
        (b"\xff\xfe\x00", ("", "\ufffd\ufffd")),
        ("x" * 500, ("", "x" * 200)),
        ("[" * 100_000, ("", "[" * 200)),
    ],
    ids=range(12),
)
def test_the_code_is_found_whatever_shape_an_answer_has(body: object, expected: tuple[str, str]) -> None:
    assert code_and_message(answer_of(body, status=400)) == expected


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            "An unexpected error occurred. Please include this ErrorId if you contact support: 1-2 (-3)",
            "Salesforce is not answering properly at the moment (500, ErrorId 1-2 (-3)).",
        ),
        ("ErrorId : 77-8", "Salesforce is not answering properly at the moment (500, ErrorId 77-8)."),
        ("No number", "Salesforce is not answering properly at the moment (500)."),
    ],
)
def test_the_number_that_salesforces_support_asks_for_is_kept(message: str, sentence: str) -> None:
    assert refused("UNKNOWN_EXCEPTION", message, status=500).sentence == sentence


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], True),
        (401, "", True),
        (403, "Bad_OAuth_Token", True),
        (302, "", True),
        (403, "Wrong_Org", False),
        (400, "Bad_OAuth_Token", False),
        (
            401,
            [{"errorCode": "INVALID_SESSION_ID", "message": "Connected app is not attached to Agent"}],
            False,
        ),
        (500, "", False),
    ],
)
def test_which_refusals_a_new_token_may_cure(status: int, body: object, expected: bool) -> None:
    assert needs_new_token(answer_of(body, status=status)) is expected


def test_code_is_one_line_in_every_log() -> None:
    body = b'[{"errorCode": "ODD\\nERROR all is lost", "message": ""}]'

    assert code_and_message(answer_of(body, status=400)) == ("ODD ERROR all is lost", "")
