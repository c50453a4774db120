"""The same things happen whatever the sentences say: a day with every sentence replaced by its code."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import TextChoices
from django.utils import timezone

import billing.enums
import contracts.enums
import crm_sync.enums
from billing.schedules import waiting
from contracts.models import Contract
from crm_sync.enums import Target
from crm_sync.errors import SyncError
from crm_sync.findings.values import Finding
from crm_sync.holds.deciding import accept_free
from crm_sync.holds.entered_values import enter_value, overrides_of
from crm_sync.importing import leaving
from crm_sync.importing.leaving import keep_leavers
from crm_sync.mapping import mapper, readers
from crm_sync.mapping.problems import cures_of
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import add_translation, current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal, Hold
from crm_sync.previews.one_deal import try_deal
from crm_sync.views.connections.warning_cures import shown_warnings
from demo.salesforce.org import Org
from fincelo.catalogue import Catalogue
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run, let_in
from tests.crm_sync.sales import TODAY, sell

LABELLED = (billing.enums, contracts.enums, crm_sync.enums)


def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """As people read it."""


def garbled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a language of which nobody knows a word: sentences are their codes, labels their names."""
    note, fail, misread = mapper.DealMapper.note, SyncError.__init__, readers.Unreadable.__init__
    monkeypatch.setattr(Catalogue, "sentence", lambda self, code, facts: f"{code}")
    monkeypatch.setattr(
        mapper.DealMapper,
        "note",
        lambda self, code, label, raw, told, **more: note(self, code, label, raw, f"{code}", **more),
    )
    monkeypatch.setattr(mapper, "advice", lambda problem, *, crm: problem["code"])
    monkeypatch.setattr(
        readers.Unreadable, "__init__", lambda self, code, what: misread(self, code, f"{code}")
    )
    monkeypatch.setattr(
        SyncError,
        "__init__",
        lambda self, told, **more: fail(self, more.get("code") or "CODE", **more | {"next_step": "STEP"}),
    )
    for code in waiting.REASONS:
        reason = waiting.Reason(code=code, sentence=f"{code}", next_step="STEP")
        monkeypatch.setitem(waiting.REASONS, code, reason)  # type: ignore[arg-type]
    for reason_left in leaving.WHY:
        monkeypatch.setitem(leaving.WHY, reason_left, f"{reason_left}")
    monkeypatch.setattr(leaving, "PAUSED", "PAUSED")
    monkeypatch.setattr(leaving, "REVIEW", "REVIEW")
    for module in LABELLED:
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, TextChoices):
                for member in one:
                    monkeypatch.setattr(member, "_label_", f"<{member.name}>")


def held() -> list[tuple[str, str, list[str]]]:
    holds = Hold.objects.filter(resolved_at=None).order_by("crm_deal__external_id")
    return [
        (problem["code"], problem.get("key", ""), [cure.value for cure in cures_of(problem)])
        for hold in holds
        for problem in hold.problems
    ]


def told(connection: Connection) -> list[tuple[str, str]]:
    """The codes of what a connection warns of, and the place of each cure."""
    connection.refresh_from_db()
    shown = shown_warnings(connection=connection, found=connection.found)
    places = [one.cure_url.rpartition("#")[2] for one in shown]
    return list(zip(codes(connection.found), places, strict=True))


def codes(found: Iterable[Finding]) -> list[str]:
    return [one.code.value for one in found]


def states() -> list[str]:
    return sorted(Contract.objects.values_list("state", flat=True))


@pytest.mark.parametrize("words", [plain, garbled])
def test_a_day_whatever_the_words(
    words: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    salesforce: Connection,
    org: Org,
    run: Run,
    finance: User,
) -> None:
    words(monkeypatch)
    monkeypatch.setattr(leaving, "MOST_AT_ONCE", 1)
    ensure_legal_entity(requires_buyer_address=True)
    twin = FieldRule(target=Target.CUSTOM, custom_label="Currency", default_value="not told")
    rules = [*current_rules(connection=salesforce).rules, twin]
    save_mapping(connection=salesforce, rules=rules, translations={}, actor=None)
    let_in(salesforce)
    sold = [sell(org), sell(org, Amount=0), sell(org, Amount=None)]
    sold += [sell(org, Billing_Frequency__c="by full moon"), sell(org, Contract_Term__c=None)]

    seen: dict[str, Any] = {"imported": (counts(run(salesforce)), held())}

    translate(salesforce, finance)
    accept_free(hold=hold_of(sold[1]), actor=finance)
    enter(hold_of(sold[2]), finance)
    seen["cured"] = counts(run(salesforce)), states()
    org.edit(sold[2], Amount=77)
    run(salesforce)
    seen["overruled"] = [(one.key, one.value, one.crm) for one in overrides_of(deal(sold[2]))]
    waits = waiting.reasons_of(contract_ids=list(Contract.objects.values_list("pk", flat=True)))
    seen["waits"] = sorted({reason.code.value for reasons in waits.values() for reason in reasons})

    trial = try_deal(
        connection=salesforce,
        typed=sell(org, StageName="Prospecting", Contract_Term__c=26),
        as_of=TODAY,
        at=timezone.now(),
    )
    seen["preview"] = codes(trial.foretold.warnings if trial.foretold else [])

    org.edit(sold[0], StageName="Negotiation/Review")
    run(salesforce)
    seen["one left"] = states(), told(salesforce)
    for one in sold[1:3]:
        org.edit(one, StageName="Negotiation/Review")
    run(salesforce)
    seen["many left"] = states(), told(salesforce)
    keep_leavers(connection=salesforce, actor=finance)
    seen["kept"] = states(), told(salesforce)

    org.api_used = 12_500
    run(salesforce)
    seen["paced"] = told(salesforce)[0][0], salesforce.not_before is not None
    org.api_used = 0
    Connection.objects.update(not_before=None)
    sell(org)
    org.remove_field("Opportunity", "Contract_Term__c")
    run(salesforce)
    seen["hidden"] = told(salesforce), held()

    assert seen == EXPECTED


EXPECTED = {
    "imported": (
        (5, 1, 4),
        [
            ("AMOUNT_NOT_POSITIVE", "contract_value", ["free", "enter", "mapping"]),
            ("AMOUNT_MISSING", "contract_value", ["enter", "mapping"]),
            ("FREQUENCY_UNKNOWN", "billing_cycle", ["translate", "enter", "mapping"]),
            ("TERM_MISSING", "duration", ["default", "enter", "mapping"]),
        ],
    ),
    "cured": ((5, 3, 1), ["active"] * 4),
    "overruled": [("contract_value", "900", "77.0")],
    "waits": ["buyer_address"],
    "preview": ["DEFAULT_CURRENCY", "BOTH_READINGS", "SHORT_LAST_PERIOD"],
    "one left": (["active"] * 3 + ["suspended"], []),
    "many left": (["active"] * 3 + ["suspended"], [("MANY_LEAVERS", "leavers")]),
    "kept": (["active"] * 3 + ["suspended"], []),
    "paced": ("CALLS_SHORT", True),
    "hidden": ([("FIELD_HIDDEN", "duration")], [("TERM_MISSING", "duration", ["enter", "mapping"])] * 2),
}


def counts(run: Any) -> tuple[int, int, int]:
    return run.seen, run.created, run.held


def deal(external_id: str) -> CrmDeal:
    return CrmDeal.objects.get(external_id=external_id)


def hold_of(external_id: str) -> Hold:
    return Hold.objects.get(crm_deal__external_id=external_id)


def translate(connection: Connection, actor: User) -> None:
    add_translation(
        connection=connection, key="billing_cycle", raw="by full moon", value="monthly", actor=actor
    )


def enter(hold: Hold, actor: User) -> None:
    enter_value(
        hold=hold, key="contract_value", value="900", reason="By phone.", actor=actor, at=timezone.now()
    )
