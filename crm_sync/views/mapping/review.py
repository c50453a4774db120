"""What saving a field mapping would change and affect, and how far its application has come."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from crm_sync.enums import AmountMeans, RunState, RunTrigger, TermUnit
from crm_sync.forms.mapping.field_mapping import MappingForms
from crm_sync.importing import reapplying
from crm_sync.importing.reapplying import Impact
from crm_sync.mapping.differences import differences
from crm_sync.mapping.lint import MappingProblem
from crm_sync.mapping.rules import MappingRules, to_snapshot
from crm_sync.mapping.store import folded
from crm_sync.mapping.versions import rules_in
from crm_sync.models import Connection, SyncRun
from crm_sync.oversight import history
from fincelo.pagination import COUNT_CAP
from fincelo.states import mark

NO_RULES = MappingRules(version=0, rules=())
SETTINGS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "amount_means": ("Amount means", dict(AmountMeans.choices)),
    "term_unit": ("Plain numbers in Contract Duration are", dict(TermUnit.choices)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Shown before saving."""

    changes: Sequence[str]
    impact: Impact
    warnings: Sequence[str]
    digest: str
    """Of what was checked: something else is checked before it is saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A run that applies the mapping, how many contracts wait for one, or what the last one came to."""

    run: SyncRun | None
    left: int
    seconds_left: float | None = None
    ended: SyncRun | None = None
    """The last run that applied the version in force; none while one is at work."""

    @property
    def outcome(self) -> str:
        """What came of the last one."""
        if self.ended is None:
            return ""
        parts = [
            f"{number:,} {mark(state=name).word.lower()}" for name, number in self.ended.counts if number
        ]
        deals = "1 deal read again" if self.ended.seen == 1 else f"{self.ended.seen:,} deals read again"
        what = f"{': '.join(filter(None, [deals, ', '.join(parts)]))}."
        number = self.ended.mapping_version.number
        if self.ended.state != RunState.DONE:
            return f"Applying version {number} of the mapping stopped before its end. {what}"
        return f"Version {number} of the mapping has been applied. {what}"

    @property
    def told(self) -> str:
        are = "contract is" if self.left == 1 else "contracts are"
        return f"{counted(self.left)} {are} still to be read with the mapping in force."


def counted(number: int) -> str:
    return f"{COUNT_CAP - 1:,}+" if number >= COUNT_CAP else f"{number:,}"


def rules_of(forms: MappingForms) -> MappingRules:
    return MappingRules(
        version=0, rules=tuple(forms.chosen_rules()), translations=folded(forms.chosen_tables())
    )


def review(*, connection: Connection, forms: MappingForms, problems: Sequence[MappingProblem]) -> Review:
    provider = forms.studio.provider
    changes = differences(rules_in(connection.mapping_version), rules_of(forms), provider=provider)
    return Review(
        changes=[*changes, *setting_changes(connection, chosen=forms.reading.cleaned_data)],
        impact=reapplying.impact_of(connection),
        warnings=[problem.sentence for problem in problems],
        digest=digest_of(forms),
    )


def digest_of(forms: MappingForms) -> str:
    said = [to_snapshot(rules_of(forms)), sorted(forms.reading.cleaned_data.items())]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def setting_changes(connection: Connection, *, chosen: Mapping[str, str]) -> list[str]:
    return [
        f"{label}: {words[chosen[name]]} (before: {words[getattr(connection, name)]})."
        for name, (label, words) in SETTINGS.items()
        if chosen[name] != getattr(connection, name)
    ]


def progress_of(connection: Connection) -> Progress | None:
    run = SyncRun.objects.filter(
        connection=connection, trigger=RunTrigger.REAPPLY, state=RunState.RUNNING
    ).first()
    left = reapplying.contracts_to_read(connection)
    ended = None if run else last_applied(connection)
    if run is None and not left and ended is None:
        return None
    seconds = history.seconds_left(run, now=timezone.now()) if run else None
    return Progress(run=run, left=left, seconds_left=seconds, ended=ended)


def last_applied(connection: Connection) -> SyncRun | None:
    """The last run that was started to apply the version in force."""
    runs = SyncRun.objects.filter(
        connection=connection, trigger=RunTrigger.REAPPLY, mapping_version=connection.mapping_version_id
    )
    return runs.select_related("mapping_version").order_by("-started_at", "-id").first()
