"""Tables of the queue hold JSON and nothing else: no value read from them is ever executed.

django-q2 pickles what it stores, and unpickles the results in its table unsigned: whoever could insert a row
ran code in the worker, which has the keys. `install` replaces each place where it does so. A start check sees
that the replacements are in place and that they were made for the installed version.
"""

import json
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import picklefield.fields
from django.core.signing import BadSignature
from django.db.models.signals import post_save
from django_q import signals, signing, status, worker
from django_q.conf import Conf
from django_q.models import Task

from fincelo import task_guard

MADE_FOR = "1.11.1"
"""The django-q2 whose source was read for this."""
KNOWN = ("id", "name", "func", "args", "kwargs", "started", "group", "cluster", "timeout", "ack_failure")
"""What a package may say. All else (hooks, chains, results in the cache) names further functions or data."""
SHAPE: dict[str, type] = {"id": str, "name": str, "func": str, "args": list, "kwargs": dict}


class JsonPackage:
    """Writes and reads the signed packages of the queue, in place of django-q2's PickleSerializer."""

    @staticmethod
    def dumps(obj: dict[str, Any]) -> bytes:
        """Raises TypeError for arguments that are no plain data, and for a function that is given itself."""
        return json.dumps(obj | {"started": obj["started"].isoformat()}).encode()

    @staticmethod
    def loads(data: bytes) -> dict[str, Any]:
        """Raises BadSignature for what is no task: nothing else is refused without an end of the lane."""
        try:
            task = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BadSignature("The package is not JSON.") from error
        if not isinstance(task, dict) or not all(
            isinstance(task.get(name), kind) for name, kind in SHAPE.items()
        ):
            raise BadSignature("The package is no task.")
        return {name: value for name, value in task.items() if name in KNOWN}


def to_text(
    value: Any, compress_object: bool = False, pickle_protocol: int | None = None, copy: bool = True
) -> picklefield.fields.PickledObject:
    """Writes a field of a stored task; what is no JSON as its repr, so that each failure can be stored."""
    try:
        text = json.dumps(value, default=repr)
    except (TypeError, ValueError, RecursionError):
        text = json.dumps(repr(value))
    return picklefield.fields.PickledObject(text)


def from_text(value: str, compress_object: bool = False) -> Any:
    """Reads a field of a stored task; None where it is no JSON, as in rows of releases that pickled."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def keep_known(*, task: dict[str, Any], **kwargs: Any) -> None:
    """Takes out of a task that is about to be queued what no task of ours asks for, `sync` among it."""
    for name in [name for name in task if name not in KNOWN]:
        del task[name]


def save_no_statistics(stat: status.Stat) -> None:
    """Does nothing: django-q2 would pickle its statistics into the cache, for commands that are not used."""


LOCATOR = SimpleNamespace(locate=task_guard.locate)


def install() -> None:
    """Runs in every process before any task is queued or read."""
    signing.PickleSerializer = JsonPackage
    picklefield.fields.dbsafe_encode = to_text
    picklefield.fields.dbsafe_decode = from_text
    status.Stat.save = save_no_statistics
    worker.pydoc = LOCATOR  # importing what a row names would run that module
    post_save.disconnect(signals.call_hook, sender=Task)  # it calls whatever function a stored task names
    signals.pre_enqueue.connect(keep_known)


def missing() -> list[str]:
    """Names what is not as `install` leaves it; empty when all is in place."""
    in_place = {
        f"django-q2 {MADE_FOR} (found {version('django-q2')})": version("django-q2") == MADE_FOR,
        "packages as JSON": signing.PickleSerializer is JsonPackage,
        "stored fields as JSON": picklefield.fields.dbsafe_encode is to_text
        and picklefield.fields.dbsafe_decode is from_text,
        "no statistics": status.Stat.save is save_no_statistics,
        "registered functions only": worker.pydoc is LOCATOR,
        "no hooks": not any(key == (id(signals.call_hook), id(Task)) for key, *_ in post_save.receivers),
        "no stored successes": Conf.SAVE_LIMIT == -1,
    }
    return [name for name, is_so in in_place.items() if not is_so]
