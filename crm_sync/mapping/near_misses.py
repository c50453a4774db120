"""Stages that are not selected and look as if they should be. Pure."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from crm_sync.deals import NearMiss, Stage
from crm_sync.findings.catalogue import missed
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Finding, finding

MOST_SHOWN = 50


def look(name: str) -> str:
    """The name without what the eye forgives: capitals, blanks, dashes, accents."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", letters)
        if letter != "_" and not letter.isspace() and unicodedata.category(letter) not in ("Mn", "Pd", "Cf")
    )


def near_misses(
    *, stages: Iterable[Stage], unlisted: Iterable[str], selected: Collection[str]
) -> list[NearMiss]:
    """Names that look like a selected one, then stages that the CRM itself calls won; in the CRM's order."""
    looks: dict[str, str] = {}
    for name in selected:
        looks.setdefault(look(name), name)
    by_name: dict[str, list[Stage]] = {}
    for stage in stages:
        by_name.setdefault(stage.name, []).append(stage)
    for name in unlisted:
        by_name.setdefault(name, [])
    found = [
        NearMiss(
            name=name,
            resembles=looks.get(look(name), ""),
            ids=tuple(stage.id for stage in same),
            pipelines=", ".join(dict.fromkeys(stage.pipeline for stage in same if stage.pipeline)),
        )
        for name, same in by_name.items()
        if name not in selected and (look(name) in looks or any(stage.is_won for stage in same))
    ]
    return sorted(found, key=lambda one: not one.resembles)[:MOST_SHOWN]


def gone_stages(*, stages: Iterable[Stage], selected: Sequence[str]) -> list[str]:
    """Selected names that the CRM no longer lists."""
    listed = {stage.name for stage in stages}
    return [name for name in selected if name not in listed]


def gone_finding(*, provider: str, gone: Sequence[str], selected: Collection[str]) -> Finding:
    is_all = set(selected) <= set(gone)
    return finding(FindingCode.STAGES_GONE, crm=provider, stages=list(gone), all=is_all)


def with_counts(found: Iterable[NearMiss], counts: Mapping[str, int]) -> list[NearMiss]:
    return [replace(one, count=counts.get(one.name)) for one in found]


def sentence(miss: NearMiss) -> str:
    """3 deals in 'Closed won' are not imported."""
    return missed(name=miss.name, count=miss.count)


def reason(miss: NearMiss, *, provider: str) -> str:
    if miss.resembles:
        return (
            f"Its name differs from '{miss.resembles}' in capitals, blanks, dashes or accents, "
            "and only the exact name counts."
        )
    return f"{provider} itself calls this stage won, and it is not among the stages that are imported."


def warnings(found: Iterable[NearMiss]) -> list[Finding]:
    """For the run: the near misses that leave deals behind."""
    return [finding(FindingCode.STAGE_MISSED, stage=one.name, deals=one.count) for one in found if one.count]
