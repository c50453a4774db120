from django.db import models
from django.db.models import Q

from fincelo.invariants import Finding


class Heartbeat(models.Model):
    """The last sign of life of a background process. The health page reads it."""

    process = models.CharField(max_length=40, unique=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.process} at {self.beat_at:%Y-%m-%d %H:%M:%S}"


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


class CacheEntry(models.Model):
    """One value of the cache that all processes share. Written by fincelo/json_cache.py alone."""

    key = models.CharField(max_length=250, primary_key=True)
    value = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
