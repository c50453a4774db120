"""Why there is no contract for a deal, as codes."""

from enum import StrEnum


class Cause(StrEnum):
    NOT_UNDERSTOOD = "not_understood"
    NO_CONNECTION = "no_connection"
    OTHER_ORG = "other_org"
    UNKNOWN = "unknown"
    DELETED = "deleted"
    SEVERAL = "several"
    NOT_CONNECTED = "not_connected"
    BROKEN = "broken"
    PAUSED = "paused"
    MAPPING = "mapping"
    NO_ANSWER = "no_answer"
    STAGE = "stage"
    TOO_EARLY = "too_early"
    NOT_STARTED = "not_started"
    HELD = "held"
    DISMISSED = "dismissed"
    PREVIEWED = "previewed"
    IMPORTED = "imported"
    NOT_YET_READ = "not_yet_read"


COULD_NOT_ASK = frozenset({Cause.BROKEN, Cause.PAUSED, Cause.NOT_CONNECTED, Cause.MAPPING, Cause.NO_ANSWER})
