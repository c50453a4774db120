"""Breaks the running product on purpose, so that a test can show that the test of the whole notices.

These are the settings of such a product. What is broken at a time is named by a file in its folder.
"""

import pydoc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.apps import AppConfig

from fincelo.settings import *  # noqa: F403
from fincelo.settings import INSTALLED_APPS, VAR_DIR

INSTALLED_APPS = [*INSTALLED_APPS, "tests.whole.sabotage.Sabotage"]
TASK = "crm_sync.tasks.preview_import"
UNREGISTERED, UNLOADABLE, ENDLESS = "unregistered", "unloadable", "endless"


def put(var: Path, how: str) -> None:
    """Breaks a product from now on, in its folder."""
    (var / "sabotage").write_text(how)


def is_broken(how: str) -> bool:
    file = Path(VAR_DIR) / "sabotage"
    return file.exists() and file.read_text() == how


class Sabotage(AppConfig):
    name = "tests.whole"

    def ready(self) -> None:
        from fincelo import awaited, background  # the apps have to be there

        background._tasks = Registry(background._tasks)
        awaited.judge = wrongly(awaited.judge)  # type: ignore[assignment]
        locate = pydoc.locate
        pydoc.locate = lambda name, *more: None if hides(name, UNLOADABLE) else locate(name, *more)


def hides(name: str, how: str) -> bool:
    return name == TASK and is_broken(how)


class Registry(dict[str, Any]):
    """One name is missing in it."""

    def get(self, name: str, default: Any = None) -> Any:
        return default if hides(name, UNREGISTERED) else super().get(name, default)


def wrongly(judge: Callable[..., Any]) -> Callable[..., Any]:
    """Takes all that is awaited for work that continues."""

    def judged(**known: Any) -> Any:
        from fincelo.enums import WorkState  # the apps have to be there

        found = judge(**known)
        return replace(found, state=WorkState.RUNNING) if is_broken(ENDLESS) else found

    return judged
