"""Codes of what is found: of a connection, by its runs, in a mapping, of a deal before its import."""

from enum import StrEnum


class FindingCode(StrEnum):
    """What was found of an access, by a run at its end, or of a deal before it is imported."""

    ZONE_UNKNOWN = "ZONE_UNKNOWN"
    CURRENCY_UNKNOWN = "CURRENCY_UNKNOWN"
    NOT_SIGNED = "NOT_SIGNED"
    OWNERS_UNREADABLE = "OWNERS_UNREADABLE"
    MERGES_UNREADABLE = "MERGES_UNREADABLE"
    STAGES_GONE = "STAGES_GONE"
    FIELD_HIDDEN = "FIELD_HIDDEN"
    FIELD_UNFIT = "FIELD_UNFIT"
    STAGE_MISSED = "STAGE_MISSED"
    MANY_LEAVERS = "MANY_LEAVERS"
    CALLS_SHORT = "CALLS_SHORT"
    CALLS_SPENT = "CALLS_SPENT"
    CLOCK_AHEAD = "CLOCK_AHEAD"
    DEAL_UNREAD = "DEAL_UNREAD"
    DEALS_UNSEEN = "DEALS_UNSEEN"
    DEALS_NAMELESS = "DEALS_NAMELESS"
    ACCOUNTS_MERGED = "ACCOUNTS_MERGED"
    DEFAULT_CURRENCY = "DEFAULT_CURRENCY"
    BOTH_READINGS = "BOTH_READINGS"
    TERM_BELOW_CYCLE = "TERM_BELOW_CYCLE"
    SHORT_LAST_PERIOD = "SHORT_LAST_PERIOD"
    PERIOD_STRADDLES = "PERIOD_STRADDLES"
    MISSED_PERIODS = "MISSED_PERIODS"
    MANY_INVOICES = "MANY_INVOICES"
    WAITS_FOR_APPROVAL = "WAITS_FOR_APPROVAL"
    WORDED = "WORDED"
    """A sentence that was stored before there were codes, and that none of them means."""


class LintCode(StrEnum):
    """What is the matter with a row of a field mapping."""

    TWICE = "twice"
    GONE = "gone"
    UNFED = "unfed"
    TYPE = "type"
    UNIT_NAMED = "unit_named"
    UNIT_BOTH = "unit_both"
    UNIT_UNKNOWN = "unit_unknown"
    UNIT_SHOWN = "unit_shown"
    UNIT_LABEL = "unit_label"
    TRANSFORM = "transform"
    CONSTANT = "constant"
    CONSTANT_UNREADABLE = "constant_unreadable"
    DEFAULT_UNREADABLE = "default_unreadable"
    TRANSLATION = "translation"
    EMPTY_TABLE = "empty_table"
    IDLE_TABLE = "idle_table"
    NO_TABLE = "no_table"
    OTHER_TYPE = "other_type"
    ADDRESS_UNMAPPED = "address_unmapped"
    COUNTRY_UNMAPPED = "country_unmapped"


class Remedy(StrEnum):
    """What to do about a field whose type its reader does not take, or not always."""

    NUMBERS_AS_TEXT = "numbers_as_text"
    CHOOSE_NUMBER = "choose_number"
    CHOOSE_DATE = "choose_date"
    CHOOSE_TEXT = "choose_text"
    CHOOSE_YES_NO = "choose_yes_no"
    DAYS_AS_TEXT = "days_as_text"
    YES_NO_AS_TEXT = "yes_no_as_text"
    IDS_ONLY = "ids_only"
    NEEDS_TABLE = "needs_table"
