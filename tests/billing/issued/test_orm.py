"""The ORM at each field of each issued document, and at what they refer to."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.db.models import Model, ProtectedError

from billing.models import Invoice
from tests.billing.issued.papers import DELETIONS, SENTENCES, everything_issued
from tests.billing.issued.test_sql import MOVING

pytestmark = pytest.mark.django_db

Way = Callable[[Model, str, Any], object]


def other(value: Any, field: models.Field) -> Any:
    """Another value of the same type."""
    match value:
        case None if isinstance(field, models.DateTimeField):
            return datetime.now().astimezone() + timedelta(days=1)
        case None:
            return "X" if isinstance(field, models.CharField) else 1
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return "X"
        case datetime() | date():
            return value + timedelta(days=1)
        case list() | dict():
            return {"other": 1}
        case bytes() | memoryview():
            return b"x"
    raise AssertionError(f"No other value for {field}.")


def save(row: Model, name: str, value: Any) -> None:
    setattr(row, name, value)
    row.save()


def save_field(row: Model, name: str, value: Any) -> None:
    setattr(row, name, value)
    row.save(update_fields=[name])


def update(row: Model, name: str, value: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**{name: value})


def bulk_update(row: Model, name: str, value: Any) -> None:
    setattr(row, name, value)
    type(row)._default_manager.bulk_update([row], [name])


def update_or_create(row: Model, name: str, value: Any) -> None:
    type(row)._default_manager.update_or_create(pk=row.pk, defaults={name: value})


def upsert(row: Model, name: str, value: Any) -> None:
    setattr(row, name, value)
    type(row)._default_manager.bulk_create(
        [row], update_conflicts=True, unique_fields=["id"], update_fields=[name]
    )


def attempt(work: Callable[[], object]) -> str:
    try:
        with transaction.atomic():
            work()
    except ProtectedError as refusal:
        return str(refusal.args[0])
    except IntegrityError as refusal:
        return str(refusal).splitlines()[0]
    return "It went through."


def fields(model: type[Model]) -> Iterator[models.Field]:
    """All but the key, by which a changed row would be another one."""
    return (field for field in model._meta.concrete_fields if not field.primary_key)


@pytest.mark.parametrize("way", [save, save_field, update, bulk_update, update_or_create])
@pytest.mark.parametrize("model", SENTENCES, ids=lambda model: model.__name__)
def test_no_field_takes_another_value(model: type[Model], way: Way) -> None:
    everything_issued()
    manager = model._default_manager
    before = manager.values().get()

    answers = {
        field.attname: attempt(
            lambda field=field: way(manager.get(), field.attname, other(before[field.attname], field))
        )
        for field in fields(model)
    }

    assert answers == dict.fromkeys(answers, SENTENCES[model]) | (MOVING if model is Invoice else {})
    assert manager.values().get() == before


@pytest.mark.parametrize("model", SENTENCES, ids=lambda model: model.__name__)
def test_no_field_is_overwritten_by_inserting_it_again(model: type[Model]) -> None:
    """Refused as an insert already, or else as the change that it becomes."""
    everything_issued()
    manager = model._default_manager
    before = manager.values().get()

    answers = {
        attempt(lambda field=field: upsert(manager.get(), field.attname, other(before[field.attname], field)))
        for field in fields(model)
    }

    assert "It went through." not in answers
    assert manager.values().get() == before


@pytest.mark.parametrize(
    "way",
    [
        lambda model: model._default_manager.get().delete(),
        lambda model: model._default_manager.all().delete(),
        lambda model: model._default_manager.all()._raw_delete("default"),
    ],
    ids=["row", "queryset", "raw"],
)
@pytest.mark.parametrize("model", DELETIONS, ids=lambda model: model.__name__)
def test_no_row_is_deleted(model: type[Model], way: Callable[[type[Model]], object]) -> None:
    everything_issued()

    answer = attempt(lambda: way(model))

    assert answer == DELETIONS[model] or answer.startswith(
        f"Cannot delete some instances of model '{model.__name__}' because they are referenced through "
    )
    assert model._default_manager.count() == 1


def references() -> Iterator[tuple[type[Model], models.ForeignKey]]:
    """What documents refer to, each with the field that does."""
    for model in SENTENCES:
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey):
                yield model, field


@pytest.mark.parametrize(
    ("model", "field"), list(references()), ids=lambda part: getattr(part, "name", None) or part.__name__
)
def test_nothing_that_a_document_refers_to_is_deleted(model: type[Model], field: models.ForeignKey) -> None:
    """Nor does the document go with it."""
    everything_issued()
    document = model._default_manager.get()
    referred = getattr(document, field.name)
    if referred is None:
        assert field.remote_field.on_delete is models.PROTECT
        return

    with pytest.raises(ProtectedError, match=f"{model.__name__}.{field.name}'"):
        referred.delete()

    assert model._default_manager.get() == document
