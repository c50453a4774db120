"""Moments as HubSpot writes and reads them: ISO 8601 in UTC, milliseconds dropped when they are zero."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def write_moment(moment: datetime) -> str:
    in_utc = moment.astimezone(UTC)
    milliseconds = in_utc.microsecond // 1000
    fraction = f".{milliseconds:03d}" if milliseconds else ""
    return f"{in_utc:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def moment_of(text: str) -> datetime:
    """Accepts epoch milliseconds or ISO 8601."""
    return EPOCH + epoch_milliseconds(text) * MILLISECOND


def epoch_milliseconds(text: str) -> int:
    """Accepts epoch milliseconds or ISO 8601, as the search filters do; a bare day means midnight UTC."""
    if text.removeprefix("-").isdigit():
        return int(text)
    return (read_moment(text) - EPOCH) // MILLISECOND
