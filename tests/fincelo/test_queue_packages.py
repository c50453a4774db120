"""No value that the queue's tables hold is executed (F24)."""

import pickle
import secrets
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core import signing
from django.core.signing import BadSignature
from django.db import connection
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import Failure, OrmQ, Task
from django_q.monitor import save_task
from django_q.signing import SignedPackage
from django_q.tasks import async_task
from pytest_django import Settings

from fincelo import checks, queue_packages
from tests.fincelo.poison import insert_result, poison

TASK = {"id": "1", "name": "one", "func": "fincelo.health.beat", "args": [], "kwargs": {}}


class Bytes:
    """Signs bytes as they are, as somebody with the key could."""

    @staticmethod
    def dumps(obj: bytes) -> bytes:
        return obj


def signed(data: bytes) -> str:
    return signing.dumps(data, key=Conf.SECRET_KEY, salt=Conf.PREFIX, serializer=Bytes)


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(TASK),
        b"",
        b"\xff",
        b"[" * 100_000,
        b"7",
        b"[]",
        b"null",
        b'{"id": "1"}',
        b'{"id": "1", "name": "one", "func": ["os.system"], "args": [], "kwargs": {}}',
        b'{"id": "1", "name": "one", "func": "fincelo.health.beat", "args": 7, "kwargs": {}}',
    ],
)
def test_signed_package_that_is_no_task_is_refused(data: bytes) -> None:
    with pytest.raises(BadSignature):
        SignedPackage.loads(signed(data))


@pytest.mark.django_db
def test_what_is_queued_is_read_again() -> None:
    async_task("fincelo.health.beat", 7, ["a", None], flag=True)

    task = SignedPackage.loads(OrmQ.objects.get().payload)

    assert (task["func"], task["args"], task["kwargs"]) == (
        "fincelo.health.beat",
        [7, ["a", None]],
        {"flag": True},
    )
    assert datetime.fromisoformat(task["started"]).tzinfo is not None


@pytest.mark.django_db
def test_options_that_name_more_functions_or_run_at_once_are_left_out() -> None:
    async_task(
        "fincelo.health.beat",
        q_options={"sync": True, "hook": "os.system", "chain": [("os.system",)], "cached": True},
    )

    assert SignedPackage.loads(OrmQ.objects.get().payload).keys() <= set(queue_packages.KNOWN)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "argument", [datetime(2026, 1, 1, tzinfo=UTC), object(), {1, 2}], ids=["datetime", "object", "set"]
)
def test_argument_that_is_no_plain_data_is_refused(argument: object) -> None:
    with pytest.raises(TypeError):
        async_task("fincelo.health.beat", argument)


@pytest.mark.django_db
def test_function_given_by_itself_is_refused() -> None:
    with pytest.raises(TypeError):
        async_task(print)


def circle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize("value", [None, 7, "text", [1, "a"], {"a": [None]}, True])
def test_stored_field_keeps_plain_data(value: object) -> None:
    assert queue_packages.from_text(queue_packages.to_text(value)) == value


@pytest.mark.parametrize(
    "value", [object(), {1}, {(1, 2): 3}, circle(), datetime(2026, 1, 1, tzinfo=UTC), "\x00\ud800"]
)
def test_stored_field_takes_anything(value: object) -> None:
    assert queue_packages.to_text(value)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("succeeds", [True, False])
def test_row_with_the_id_of_a_task_at_work_is_not_executed(tmp_path: Any, succeeds: bool) -> None:
    """The queue loads such a row for every failing task, whatever save_limit says, and then calls its hook."""
    canary = tmp_path / "canary"
    insert_result(id="1", name="one", func="x", result=poison(canary), success=False, hook="os.system")
    ended = {
        "started": timezone.now().isoformat(),
        "stopped": timezone.now(),
        "result": "failed",
        "success": succeeds,
    }

    save_task(TASK | ended, broker=None)

    assert not canary.exists()
    assert Failure.objects.get().result == (None if succeeds else "failed")


@pytest.mark.django_db
def test_pickle_of_an_earlier_release_reads_as_nothing(tmp_path: Any) -> None:
    insert_result(id="1", name="one", func="x", result=poison(tmp_path / "canary"), success=True)

    assert Task.objects.get().result is None
    assert not (tmp_path / "canary").exists()


@pytest.mark.django_db
def test_migration_takes_out_what_was_pickled(tmp_path: Any) -> None:
    insert_result(id="1", name="one", func="x", result=poison(tmp_path / "canary"), success=True)
    insert_result(id="2", name="two", func="x", result=poison(tmp_path / "canary"), success=False)
    OrmQ.objects.create(key="fincelo", payload="old", lock=timezone.now())

    import_module("fincelo.migrations.0005_task_history_without_pickles").forget_pickles(apps, None)

    assert list(Task.objects.values_list("id", "success", "result")) == [("2", False, None)]
    assert not OrmQ.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_q_task WHERE result IS NOT NULL OR args IS NOT NULL")
        assert cursor.fetchone() == (0,)


def test_start_check_passes_here() -> None:
    assert checks.queue_packages() == []


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ("django_q.signing.PickleSerializer", "packages as JSON"),
        ("picklefield.fields.dbsafe_decode", "stored fields as JSON"),
        ("picklefield.fields.dbsafe_encode", "stored fields as JSON"),
        ("django_q.status.Stat.save", "no statistics"),
        ("django_q.worker.pydoc", "registered functions only"),
        ("fincelo.queue_packages.MADE_FOR", "django-q2 other (found 1.11.1)"),
    ],
)
def test_start_check_names_the_part_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, target: str, part: str
) -> None:
    monkeypatch.setattr(target, "other")

    assert [problem.id for problem in checks.queue_packages()] == ["fincelo.E021"]
    assert queue_packages.missing() == [part]


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("django.core.cache.backends.locmem.LocMemCache", []),
        ("django.core.cache.backends.dummy.DummyCache", []),
        ("django.core.cache.backends.db.DatabaseCache", ["fincelo.E022"]),
        ("django.core.cache.backends.filebased.FileBasedCache", ["fincelo.E022"]),
        ("django.core.cache.backends.redis.RedisCache", ["fincelo.E022"]),
    ],
)
def test_caches_that_pickle_are_refused(settings: Settings, backend: str, expected: list[str]) -> None:
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": secrets.token_hex(4)}}

    assert [problem.id for problem in checks.caches()] == expected
