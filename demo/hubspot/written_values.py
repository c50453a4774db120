"""Checks the property values of a write, and brings them into the form in which they are kept."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from demo.hubspot.portal import Portal
from demo.hubspot.property_definitions import Property
from demo.hubspot.refusals import Refusal, invalid_properties
from demo.hubspot.timestamps import moment_of, write_moment

Values = dict[str, str | None]


class UnusableValue(Exception):
    """A value that its property cannot take; `error` is HubSpot's name for why."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


def check_values(portal: Portal, object_type: str, given: Mapping[str, Any]) -> Values:
    values: Values = {}
    problems = []
    for name, value in given.items():
        try:
            values[name] = _kept(portal, object_type, name, "" if value is None else str(value))
        except UnusableValue as problem:
            problems.append(_described(portal, name, problem))
    if problems:
        raise invalid_properties(problems)
    _refuse_taken(portal, object_type, values)
    return values


def _kept(portal: Portal, object_type: str, name: str, text: str) -> str | None:
    prop = portal.properties[object_type].get(name)
    if prop is None or prop.archived_at:
        raise UnusableValue("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if prop.calculated or prop.read_only:
        raise UnusableValue("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
    return _in_form(portal, prop, text) if text else None


def _in_form(portal: Portal, prop: Property, text: str) -> str:
    match prop.type:
        case "number":
            return _number(prop, text)
        case "datetime" | "date":
            return _moment(prop, text)
        case "enumeration" | "bool":
            return _option(portal, prop, text)
        case _:
            return text


def _number(prop: Property, text: str) -> str:
    try:
        finite = Decimal(text).is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        raise UnusableValue("INVALID_DOUBLE", f"{text} was not a valid number for {prop.name}.")
    return text


def _moment(prop: Property, text: str) -> str:
    try:
        moment = moment_of(text)
    except (ValueError, OverflowError):
        raise UnusableValue("INVALID_DATE", f"{text} was not a valid date for {prop.name}.") from None
    return f"{moment:%Y-%m-%d}" if prop.type == "date" else write_moment(moment)


def _option(portal: Portal, prop: Property, text: str) -> str:
    if prop.refers_to == "OWNER":
        allowed = set(portal.owners)
    elif prop.type == "bool":
        allowed = {"true", "false"}
    else:
        allowed = {option.value for option in prop.options}
    parts = [part for part in text.split(";") if part] if prop.field_type == "checkbox" else [text]
    if allowed and not allowed.issuperset(parts):
        choices = ", ".join(sorted(allowed))
        raise UnusableValue("INVALID_OPTION", f"{text} was not one of the allowed options: [{choices}]")
    return ";".join(parts)


def _described(portal: Portal, name: str, problem: UnusableValue) -> dict[str, Any]:
    return {
        "isValid": False,
        "message": str(problem),
        "error": problem.error,
        "name": name,
        "localizedErrorMessage": str(problem),
        "portalId": portal.portal_id,
    }


def _refuse_taken(portal: Portal, object_type: str, values: Values) -> None:
    """A value that must be unique and that another record has."""
    unique = {name for name, prop in portal.properties[object_type].items() if prop.unique}
    for name in unique & values.keys():
        for record in portal.objects[object_type].records.values():
            if values[name] and record.properties.get(name) == values[name] and not record.archived_at:
                kind = {"contacts": "Contact"}.get(object_type, "Object")
                text = f"{kind} already exists. Existing ID: {record.id}"
                raise Refusal(409, text, category="CONFLICT")
