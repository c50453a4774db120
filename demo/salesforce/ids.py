"""Salesforce record ids: 15 case-sensitive characters, and three more that make them safe without case."""

import string

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
SUFFIXES = string.ascii_uppercase + "012345"
INSTANCE = "Da0"

PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityHistory": "008",
    "Organization": "00D",
    "OpportunityStage": "01J",
}


def to18(record_id: str) -> str:
    """The 18-character form of an id; ValueError for anything that is not an id."""
    if len(record_id) not in (15, 18) or not (record_id.isascii() and record_id.isalnum()):
        raise ValueError(f"Not a Salesforce id: {record_id}")
    stem = record_id[:15]
    suffix = "".join(_suffix(stem[start : start + 5]) for start in (0, 5, 10))
    if len(record_id) == 18 and record_id[15:] != suffix:
        raise ValueError(f"Not a Salesforce id: {record_id}")
    return stem + suffix


def numbered_id(*, prefix: str, number: int) -> str:
    """The id of the n-th record of a kind; neighbours may differ by the case of a letter only."""
    digits = ""
    while number:
        number, rest = divmod(number, len(DIGITS))
        digits = DIGITS[rest] + digits
    return to18(prefix + INSTANCE + digits.rjust(9, "0"))


def _suffix(five: str) -> str:
    return SUFFIXES[sum(1 << place for place, letter in enumerate(five) if "A" <= letter <= "Z")]
