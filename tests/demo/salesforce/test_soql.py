import pytest

from demo.salesforce.soql import parse
from demo.salesforce.soql_words import QueryError


def message(text: str) -> str:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.code == "MALFORMED_QUERY"
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "token", "column"),
    [
        ("SELECT FROM Opportunity", "Opportunity", 13),
        ("SELECT * FROM Opportunity", "*", 8),
        ("SELECT Id Opportunity", "Opportunity", 11),
        ("SELECT Id FROM Opportunity WHERE", "<EOF>", 33),
        ("SELECT Id FROM Opportunity WHERE Name == 'a'", "=", 40),
        ("SELECT Id FROM Opportunity WHERE Name = 'a' AND Id = 'b' OR Id = 'c'", "OR", 58),
        ("SELECT Id FROM Opportunity WHERE Name = 'a' AND NOT Id = 'c'", "Id", 53),
        ("SELECT Id FROM Opportunity WHERE Name = 'a\\x'", "'a\\x'", 41),
        ("SELECT Id FROM Opportunity WHERE Name = 'it's'", "s", 45),
        ("SELECT Id FROM Opportunity WHERE CloseDate = 2026-02-30", "2026-02-30", 46),
        ("SELECT Id FROM Opportunity WHERE CloseDate = TODAYS", "TODAYS", 46),
        ("SELECT Id FROM Opportunity WHERE CloseDate = LAST_N_YEARS:2", "LAST_N_YEARS:2", 46),
        ("SELECT Id FROM Opportunity WHERE SystemModstamp > 2026-11-22T10:00:00 01:00", "T10", 61),
        ("SELECT Id FROM Opportunity LIMIT x", "x", 34),
        ("SELECT Id FROM Opportunity GROUP Id", "Id", 34),
        ("SELECT COUNT() FROM Opportunity HAVING", "HAVING", 33),
        ("SELECT COUNT(Id, Name) FROM Opportunity", ",", 16),
        ("SELECT LENGTH(Name) FROM Opportunity", "LENGTH", 8),
        ("SELECT FIELDS(MOST) FROM Opportunity LIMIT 1", "MOST", 15),
        ("SELECT Id, (SELECT Id FROM Contacts FROM Account", "FROM", 37),
    ],
)
def test_unexpected_token(text: str, token: str, column: int) -> None:
    assert message(text).split("\n")[3:] == [
        f"ERROR at Row:1:Column:{column}",
        f"unexpected token: '{token}'",
    ]


def test_message_shows_the_query_with_a_caret() -> None:
    assert message("SELECT * FROM Opportunity") == (
        "\nSELECT * FROM Opportunity\n       ^\nERROR at Row:1:Column:8\nunexpected token: '*'"
    )


def test_long_query_is_shown_in_part() -> None:
    text = "SELECT Id,Name,StageName,Amount,CloseDate,AccountId,OwnerId,%,Type,NextStep,LeadSource,IsClosed"

    assert message(text + " FROM Opportunity") == (
        "\nAmount,CloseDate,AccountId,OwnerId,%,Type,NextStep,LeadSource,IsClosed FROM\n"
        "                                   ^\n"
        "ERROR at Row:1:Column:61\n"
        "unexpected token: '%'"
    )


def test_rows_are_counted() -> None:
    assert message("SELECT Id\nFROM Opportunity\nWHERE *").split("\n")[1:4] == [
        "WHERE *",
        "      ^",
        "ERROR at Row:3:Column:7",
    ]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_empty_query(text: str) -> None:
    assert message(text) == "A query string has to be specified"


def test_offset_is_limited() -> None:
    with pytest.raises(QueryError) as caught:
        parse("SELECT Id FROM Opportunity OFFSET 2001")

    assert (caught.value.code, caught.value.message) == (
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Maximum SOQL offset allowed is 2000",
    )
