"""Custom fields: their definitions, and the values that customers and contracts keep under their labels."""

from collections.abc import Iterable, Mapping, Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import QuerySet

from contracts import audit
from contracts.custom_values import FieldDefinition, ShownField, fits_sql, shown_value, texts_of
from contracts.enums import CustomFieldHome, CustomFieldType
from contracts.models import Contract, Customer, CustomField

HOMES: Mapping[CustomFieldHome, type[Contract] | type[Customer]] = {
    CustomFieldHome.CONTRACT: Contract,
    CustomFieldHome.CUSTOMER: Customer,
}


class UnableToDefine(Exception):
    """The field exists with another type, and values that are none of the wanted one."""


def definitions(*, home: CustomFieldHome) -> list[CustomField]:
    """In the order in which they were made. A definition is never removed."""
    return list(CustomField.objects.filter(home=home).order_by("pk"))


def ensure_custom_fields(*, wanted: Sequence[FieldDefinition], actor: AbstractBaseUser | None) -> None:
    """Makes what is missing, and gives another type to what has no value that speaks against it.

    In the caller's transaction, whose field mapping feeds them. Raises UnableToDefine.
    """
    if not wanted:
        return
    CustomField.objects.bulk_create(
        [CustomField(home=one.home, label=one.label, type=one.type) for one in wanted], ignore_conflicts=True
    )
    labels = [one.label for one in wanted]
    rows = CustomField.objects.select_for_update().filter(label__in=labels).order_by("pk")
    stored = {(row.home, row.label): row for row in rows}
    for one in wanted:
        row = stored[one.home, one.label]
        if row.type != one.type:
            _retype(row, to=one.type, actor=actor)


def misfits(*, home: CustomFieldHome, label: str, type: CustomFieldType) -> int:
    """How many of the values kept under this label are none of the type."""
    table = HOMES[home]._meta.db_table
    fits = fits_sql(type="%(type)s", value="(custom_fields ->> %(label)s)")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {table} "  # noqa: S608  our own table
            f"WHERE jsonb_exists(custom_fields, %(label)s) AND ({fits}) IS NOT TRUE",
            {"type": type.value, "label": label},
        )
        return int(cursor.fetchone()[0])


def type_problem(*, wanted: FieldDefinition) -> str:
    """Why a field cannot have this type; empty where it can."""
    row = CustomField.objects.filter(home=wanted.home, label=wanted.label).first()
    if row is None or row.type == wanted.type:
        return ""
    return _problem(row, to=wanted.type)


def shown_fields(*, home: CustomFieldHome, values: Mapping[str, object]) -> list[ShownField]:
    """The values in the order of their definitions, then those whose field nobody feeds any more."""
    return in_order(values=values, fields=definitions(home=home) if values else ())


def in_order(*, values: Mapping[str, object], fields: Iterable[CustomField]) -> list[ShownField]:
    texts = texts_of(values)
    types = {field.label: field.type for field in fields}
    labels = [*(label for label in types if label in texts), *sorted(texts.keys() - types.keys())]
    return [shown_value(label=label, text=texts[label], type=types.get(label, "")) for label in labels]


def print_on_invoices(*, field: CustomField, printed: bool, actor: AbstractBaseUser) -> bool:
    """From the next invoice on. False where it is so already."""
    with transaction.atomic():
        locked = CustomField.objects.select_for_update().get(pk=field.pk)
        if locked.on_invoice == printed:
            return False
        locked.on_invoice = printed
        locked.save(update_fields=["on_invoice"])
        audit.record(
            actor=actor,
            action="Custom field changed",
            subject=locked,
            before={"printed_on_invoices": not printed},
            after={"printed_on_invoices": printed},
        )
    return True


def printed_fields() -> list[CustomField]:
    """Those that invoices take along when they are issued."""
    return list(CustomField.objects.filter(on_invoice=True).order_by("pk"))


def all_fields() -> QuerySet[CustomField]:
    return CustomField.objects.order_by("home", "pk")


def _problem(row: CustomField, *, to: CustomFieldType) -> str:
    count = misfits(home=CustomFieldHome(row.home), label=row.label, type=to)
    if not count:
        return ""
    values = "1 value" if count == 1 else f"{count:,} values"
    return (
        f"holds {row.get_type_display().lower()}, and {values} kept under this name would not be "
        f"{to.label.lower()}; choose another name"
    )


def _retype(row: CustomField, *, to: CustomFieldType, actor: AbstractBaseUser | None) -> None:
    problem = _problem(row, to=to)
    if problem:
        raise UnableToDefine(f"{row} {problem}.")
    before, row.type = row.type, to
    row.save(update_fields=["type"])
    audit.record(
        actor=actor,
        action="Custom field changed",
        subject=row,
        before={"type": before},
        after={"type": to.value},
    )
