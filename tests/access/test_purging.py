"""Rows that have no more use go: failed sign-ins after 90 days, failures of tasks after 30."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_q.models import Task

from access.models import FailedSignIn
from access.tasks import purge_old_rows
from fincelo import purging
from fincelo.models import CacheEntry

pytestmark = pytest.mark.django_db


def test_old_rows_go_and_young_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "AT_ONCE", 2)
    now = timezone.now()
    for number, age in enumerate((91, 92, 95, 89, 1)):
        at = now - timedelta(days=age)
        FailedSignIn.objects.create(day=at.date(), user_id=number, name="dana", last_at=at)
    for number, age in enumerate((31, 29)):
        at = now - timedelta(days=age)
        Task.objects.create(
            id=f"{number:032}", name="x", func="f", started=at, stopped=at, success=False, result="failed"
        )
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(days=2))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(hours=2))
    CacheEntry.objects.create(key="old", value=1, expires_at=now - timedelta(days=2))

    purge_old_rows()

    assert sorted(FailedSignIn.objects.values_list("user_id", flat=True)) == [3, 4]
    assert list(Task.objects.values_list("pk", flat=True)) == [f"{1:032}"]
    assert list(Session.objects.values_list("pk", flat=True)) == ["new"]
    assert not CacheEntry.objects.exists()
