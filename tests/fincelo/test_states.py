import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import TextChoices

from billing.enums import BillingRunState, InstalmentState, InvoiceState, MailState, ScheduleState
from contracts.enums import ContractState
from crm_sync.enums import ConnectionState, DealState, Outcome, RunState
from fincelo.states import MARKS, mark

CHOICES: list[type[TextChoices]] = [
    BillingRunState,
    ConnectionState,
    ContractState,
    DealState,
    InstalmentState,
    InvoiceState,
    MailState,
    Outcome,
    RunState,
    ScheduleState,
]


@pytest.mark.parametrize("choices", CHOICES)
def test_word_of_each_state_is_its_label(choices: type[TextChoices]) -> None:
    assert {state.value: mark(state=state.value).word for state in choices} == dict(choices.choices)


def test_each_icon_is_drawn() -> None:
    sprite = (Path(settings.BASE_DIR) / "fincelo/static/fincelo/icons.svg").read_text()

    drawn = set(re.findall(r'<symbol id="(\w+)"', sprite))

    assert {mark.icon for mark in MARKS.values()} - drawn == set()


def test_each_tone_has_its_colours() -> None:
    stylesheet = (Path(settings.BASE_DIR) / "fincelo/static/fincelo/fincelo.css").read_text()

    defined = set(re.findall(r"\.tone-(\w+) \{ --tone:", stylesheet))

    assert {mark.tone.value for mark in MARKS.values()} == defined
