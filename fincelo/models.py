import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from fincelo.enums import WorkProblem, WorkState
from fincelo.invariants import Finding


class SentForm(models.Model):
    """A form that somebody has sent, so that sending it again does nothing. Kept for a week."""

    key = models.CharField(
        max_length=64, primary_key=True, help_text="Of the form's token, person and address."
    )
    claim = models.UUIDField(default=uuid.uuid4, help_text="Of the request that carries it out.")
    sent_at = models.DateTimeField(db_default=Now(), db_index=True)
    done_at = models.DateTimeField(null=True)
    location = models.CharField(max_length=500, blank=True, default="", help_text="Where it led.")

    def __str__(self) -> str:
        return f"Form sent at {self.sent_at:%Y-%m-%d %H:%M:%S}"


class Heartbeat(models.Model):
    """The last sign of life of the worker (`worker`, each minute) or a lane (`lane:<queue>`, each task)."""

    WORKER = "worker"

    process = models.CharField(max_length=40, unique=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.process} at {self.beat_at:%Y-%m-%d %H:%M:%S}"


class TaskHistory(models.Model):
    """When one background task last began, went through and failed, and how often. One row a function."""

    LONGEST_CODE = 120

    func = models.CharField(max_length=256, primary_key=True)
    lane = models.CharField(max_length=40, blank=True, default="", help_text="The queue that it last ran in.")
    last_started_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(
        max_length=LONGEST_CODE, blank=True, default="", help_text="Class and SQLSTATE of the last failure."
    )
    starts = models.PositiveBigIntegerField(default=0)
    successes = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.func


class InvariantResult(models.Model):
    """What the last asking of one invariant came to."""

    name = models.CharField(max_length=80, primary_key=True)
    number = models.CharField(max_length=8)
    checked_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    count = models.PositiveIntegerField(default=0, help_text="How many break it.")
    sentences = models.JSONField(default=list, help_text="One for each of the first.")
    problem = models.TextField(blank=True, default="", help_text="Why it could not be asked.")

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def finding(self) -> Finding:
        return Finding(number=self.number, name=self.name, count=self.count, sentences=self.sentences)


class InvariantCheck(models.Model):
    """The last round through all invariants, and what people were told of it by mail. One row."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    checked_at = models.DateTimeField()
    findings = models.JSONField(default=list, help_text="Number, name, count and sentences of each.")
    told = models.JSONField(default=list, help_text="The lines that people were told of.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="invariant_check_is_one")]

    def __str__(self) -> str:
        return f"Check of {self.checked_at:%Y-%m-%d %H:%M}"

    @property
    def found(self) -> list[Finding]:
        return [Finding(**finding) for finding in self.findings]

    @property
    def violations(self) -> int:
        return sum(finding.count for finding in self.found)


class BackgroundWork(models.Model):
    """A background task that somebody waits for. A new request for the same subject takes its place."""

    task = models.CharField(max_length=120, help_text="The dotted path of its function.")
    subject = models.CharField(max_length=200, help_text="What it is about, as the pages that wait name it.")
    args = models.JSONField(default=list)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    state = models.CharField(max_length=10, choices=WorkState.choices, default=WorkState.WAITING)
    problem = models.CharField(max_length=20, choices=WorkProblem.choices, blank=True, default="")
    queue_id = models.CharField(max_length=32, help_text="By which the queue names this start of it.")
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    backend_pid = models.IntegerField(null=True, help_text="The database session of the process at work.")
    backend_start = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "subject"], name="one_awaited_work_per_subject"),
            models.CheckConstraint(
                condition=Q(state__in=[WorkState.WAITING, WorkState.RUNNING], ended_at=None)
                | ~Q(state__in=[WorkState.WAITING, WorkState.RUNNING]) & Q(ended_at__isnull=False),
                name="awaited_work_ends_once",
            ),
        ]
        indexes = [models.Index(fields=["queue_id"], name="awaited_work_by_queue_id")]

    def __str__(self) -> str:
        return f"{self.task} of {self.subject}"


class CacheEntry(models.Model):
    """One value of the cache that all processes share. Written by fincelo/json_cache.py alone."""

    key = models.CharField(max_length=250, primary_key=True)
    value = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key


class RoleGrant(models.Model):
    """A role, right or superuser that was given. Written by triggers of the database alone, and kept.

    `user_id` empty: a right was given to a role, and so to all who have it.
    """

    user_id = models.IntegerField(null=True)
    role = models.CharField(max_length=150, blank=True, default="", help_text="The group's name.")
    right = models.CharField(
        max_length=100, blank=True, default="", help_text="Its codename. Empty beside no role: superuser."
    )
    given_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["given_at"], name="role_grant_by_time")]
        triggers = [
            pgtrigger.Protect(name="role_grants_are_kept", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="role_grants_are_not_emptied",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func=(
                    "RAISE EXCEPTION 'Roles that were given are kept.' USING ERRCODE = 'restrict_violation';"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role or self.right or 'Superuser'} given"
