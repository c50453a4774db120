"""How Salesforce writes values: doubles in the Java way, moments in UTC with whole seconds."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from json.encoder import encode_basestring

from demo.salesforce.ids import to18

Value = str | float | int | bool | None

NUMBER_TYPES = frozenset({"double", "currency", "percent"})
ID_TYPES = frozenset({"id", "reference"})
MOMENT_FORMAT = "%Y-%m-%dT%H:%M:%S.000+0000"


def moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(MOMENT_FORMAT)


def parse_moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def java_double(number: float) -> str:
    """`12000.0`, and from eight integer digits up `1.2345678E7`."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    parts = Decimal(repr(number)).normalize()
    digits = "".join(map(str, parts.as_tuple().digits))
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{parts.adjusted()}"


def json_writer(field_type: str) -> Callable[[Value], str]:
    """A function from a stored value of this type to its JSON text."""
    if field_type in NUMBER_TYPES:
        return lambda value: "null" if value is None else java_double(float(value))
    if field_type == "boolean":
        return lambda value: "true" if value else "false"
    if field_type == "int":
        return lambda value: "null" if value is None else str(value)
    return lambda value: "null" if value is None else encode_basestring(str(value))


def stored(field_type: str, value: object) -> Value:
    """A Python value as a row keeps it: numbers as floats, days and moments as text, empty text as null."""
    if value is None or value == "":
        return None
    if field_type in NUMBER_TYPES:
        return float(str(value))
    if field_type == "int":
        return int(str(value))
    if field_type == "boolean":
        return bool(value)
    if field_type in ID_TYPES:
        return to18(str(value))
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if field_type == "date":
        return date.fromisoformat(str(value)).isoformat()
    return str(value)
