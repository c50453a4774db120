"""Pauses connections and lets them continue, for whoever may change them."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from crm_sync.connections import pausing
from crm_sync.models import Connection
from crm_sync.views.access import CHANGE_CONNECTIONS, signed_in


class PausingAdmin:
    """Mixed into the admin of connections."""

    def has_pausing_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(CHANGE_CONNECTIONS)

    @admin.action(description="Pause", permissions=["pausing"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        move_each(
            request, queryset, move=pausing.pause, said="is paused. It continues later where it stopped."
        )

    @admin.action(description="Resume", permissions=["pausing"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        move_each(
            request,
            queryset,
            move=pausing.resume,
            said="continues. The next sync reads all that has changed since.",
        )


def move_each(
    request: HttpRequest, chosen: QuerySet[Connection], *, move: Callable[..., None], said: str
) -> None:
    for connection in chosen.order_by("name"):
        try:
            move(connection=connection, actor=signed_in(request))
        except pausing.UnableToPause as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{connection} {said}")
