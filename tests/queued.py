"""What waits for the worker."""

from typing import Any

from django_q.models import OrmQ


def queued() -> list[tuple[Any, ...]]:
    """Name and arguments of each task, in their order."""
    return [(row.task["func"], *row.task["args"]) for row in OrmQ.objects.order_by("pk")]
