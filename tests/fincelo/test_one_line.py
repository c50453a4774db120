"""Nobody writes lines of their own into a log or a name."""

import logging

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import Client

from crm_sync.models import Connection
from fincelo.logs import OneLine
from fincelo.validators import one_line
from tests.crm_sync.page_rows import connect
from tests.pages import signed_in

FORGED = "Sales\r\n2026-11-30 ERROR root Disk full"
BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x1b[2J", "\x85", "\u2028", "\u2029", "\x7f"]


@pytest.mark.parametrize("broken", [*BREAKS, "\u202e"])
def test_message_of_a_log_is_one_line(broken: str) -> None:
    record = logging.LogRecord("name", logging.INFO, "", 0, "No run of %s now", (f"Sales{broken}root",), None)

    written = OneLine("%(levelname)s %(message)s").format(record)

    assert written.splitlines() == [written]
    assert written.isprintable()
    assert written.startswith("INFO No run of Sales\\")


def test_traceback_keeps_its_lines() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        record = logging.LogRecord(
            "n", logging.ERROR, "", 0, "It failed", (), (ValueError, error, error.__traceback__)
        )

    assert OneLine("%(message)s").format(record).splitlines()[:2] == [
        "It failed",
        "Traceback (most recent call last):",
    ]


@pytest.mark.parametrize("broken", BREAKS)
def test_name_of_several_lines_is_refused(broken: str) -> None:
    with pytest.raises(ValidationError, match="A name is one line"):
        one_line(f"Sales{broken}root")


@pytest.mark.parametrize("name", ["Sales", "Vertrieb – Österreich", "営業", "מכירות", "O'Brien & Co. 🚀"])
def test_name_in_any_language_is_taken(name: str) -> None:
    one_line(name)


@pytest.mark.django_db
@pytest.mark.parametrize("broken", BREAKS)
def test_database_refuses_a_connection_name_of_several_lines(broken: str) -> None:
    made = connect()

    renamed = Connection.objects.filter(pk=made.pk)
    with pytest.raises(DatabaseError, match="connection_name_is_one_line"), transaction.atomic():
        renamed.update(name=f"A{broken}B")


@pytest.mark.django_db
def test_page_refuses_a_connection_name_of_several_lines() -> None:
    browser: Client = signed_in(
        "crm_sync.add_connection", "crm_sync.change_connection", "crm_sync.view_connection"
    )

    page = browser.post(
        "/settings/crm/add/hubspot/",
        {"name": FORGED, "import_from": "2026-11-30", "default_currency": "USD", "token": "pat-na1-1"},
    )

    assert "A name is one line" in page.text
    assert not Connection.objects.exists()
