"""A database that lags behind the witness issues and mails nothing until an approver has confirmed it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.checks import registry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing import checks
from billing.enums import BillingTrigger, MailState, RestoreSign
from billing.issuing import restoring
from billing.issuing.invoicing import invoice_due
from billing.issuing.numbering import UnableToIssueInvoice, ensure_may_issue
from billing.issuing.rendering import UnableToRender, invoice_pdf
from billing.issuing.restoring import (
    SeriesState,
    UnableToContinue,
    compare,
    continue_series,
    number_text,
    witness_path,
)
from billing.issuing.witness import highest, note
from billing.mailing.sending import send_waiting
from billing.models import (
    CreditNote,
    DatabaseMark,
    Invoice,
    InvoiceMail,
    LegalEntity,
    Mailing,
    NumberGap,
    NumberSeries,
)
from billing.receivables.crediting import request_credit
from billing.values import SeriesKey
from contracts.models import AuditEntry
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.invariants import WITHOUT_CRM, plant, violations
from tests.pages import alerts, field_errors, rows

pytestmark = pytest.mark.django_db


def bill() -> None:
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)


@pytest.fixture
def key() -> SeriesKey:
    """One invoice is issued and mailed to nobody yet; the witness knows of four."""
    entity = ensure_legal_entity()
    Mailing.objects.update_or_create(defaults={"automatic": True})
    sign(Deal())
    bill()
    key = SeriesKey(legal_entity_id=entity.pk, kind="invoice", year=2026)
    note(path=witness_path(), lineage=str(DatabaseMark.objects.get().lineage), numbers={key: 4})
    return key


def page(name: str, *, group: str) -> Client:
    client = Client()
    client.force_login(person(name, group=group))
    return client


def test_nothing_is_issued_or_mailed(key: SeriesKey) -> None:
    sign(Deal())

    with pytest.raises(UnableToIssueInvoice, match="Numbers were given that this database does not know"):
        bill()
    with pytest.raises(UnableToIssueInvoice, match="Numbers were given that this database does not know"):
        ensure_may_issue(day=TODAY)
    sent = send_waiting().sent

    assert (sent, len(mail.outbox), Invoice.objects.count()) == (0, 0, 1)


def test_an_approver_continues_after_the_highest_number(key: SeriesKey) -> None:
    finn, ann = page("finn", group="Finance"), page("ann", group="Approver")
    told = finn.get("/settings/billing/restored/")
    refused = finn.post("/settings/billing/restored/", {str(key): "6", "reason": "x"})
    approver = User.objects.get(username="ann")
    approver.set_password("correct horse 1")
    approver.save()
    ann.force_login(approver)
    typed = {"reason": "Disk lost", "password": "correct horse 1"}
    guessed = ann.post("/settings/billing/restored/", {**typed, str(key): "6", "password": "x"}, follow=True)
    low = ann.post("/settings/billing/restored/", {**typed, str(key): "3"}, follow=True)
    assert NumberGap.objects.count() == 0
    done = ann.post("/settings/billing/restored/", {**typed, str(key): "6"}, follow=True)
    sign(Deal())
    bill()

    assert rows(told) == [["Invoices 2026", "INV-2026-000001", "INV-2026-000004", "3"]]
    assert "Continue after these numbers" not in told.text
    assert refused.status_code == 403
    assert [*field_errors(guessed).values()] == ["This is not your current password."]
    assert [*field_errors(low).values()] == ["Ensure this value is greater than or equal to 4."]
    assert "Confirmed. Every series continues after the numbers below." in alerts(done)
    assert [gap.first for gap in NumberGap.objects.all()] == [2]
    assert list(Invoice.objects.order_by("sequence").values_list("number", flat=True)) == [
        "INV-2026-000001",
        "INV-2026-000007",
    ]
    assert InvoiceMail.objects.filter(
        invoice__sequence=1, state=MailState.FAILED, may_have_left=True
    ).exists()
    assert AuditEntry.objects.get(action="Restore confirmed").reason == "Disk lost"
    assert violations(but={WITHOUT_CRM}) == {}


def test_the_banner_and_the_health_page_tell_it(key: SeriesKey) -> None:
    shown = page("ann", group="Approver").get("/invoices/")

    assert any("numbers were given that this database does not know" in alert for alert in alerts(shown))


def test_the_start_says_it(key: SeriesKey) -> None:
    [told] = checks.restored(databases=["default"])
    continue_series(sent={}, reason="Confirmed", actor=None)

    assert told.msg.endswith("Nothing is issued and nothing is mailed.")
    assert "/settings/billing/restored/" in (told.hint or "")
    assert checks.restored(databases=["default"]) == []
    assert checks.restored in registry.registry.get_checks()


def test_another_server_is_a_copy(key: SeriesKey) -> None:
    witness_path().unlink()
    DatabaseMark.objects.update(timeline=99)

    assert compare().sign == RestoreSign.COPIED
    continue_series(sent={}, reason="Failover", actor=None)
    assert compare().sign is None
    assert NumberGap.objects.count() == 0


def test_a_series_that_nobody_here_knows_goes_on_after_the_number_said(key: SeriesKey) -> None:
    notes = replace(key, kind="credit_note")
    witness_path().unlink()
    DatabaseMark.objects.update(timeline=99)
    finn = person("finn", group="Finance")

    for unknown in (replace(key, legal_entity_id=999), replace(key, kind="receipt")):
        with pytest.raises(UnableToContinue, match=f"There is no series {unknown}"):
            continue_series(sent={unknown: 3}, reason="x", actor=finn)
    asked = page("ann", group="Approver").get("/settings/billing/restored/").text
    [gap] = continue_series(sent={notes: 3, replace(key, year=2025): 0}, reason="Copied", actor=finn)
    request_credit(invoice=Invoice.objects.get(), amount=None, reason="x", as_of=TODAY, actor=superior())

    assert f'name="{notes}"' in asked
    assert (gap.kind, gap.first, gap.last) == ("credit_note", 1, 3)
    assert CreditNote.objects.get().number == "CN-2026-000004"


def superior() -> User:
    return person("amy", group="Approver")


def test_a_lost_file_and_a_changed_one_are_signs(key: SeriesKey) -> None:
    DatabaseMark.objects.update(is_witnessed=True)
    witness_path().write_text("nonsense\n")
    changed = compare().sign
    witness_path().unlink()

    assert (changed, compare().sign) == (RestoreSign.UNREADABLE, RestoreSign.UNWITNESSED)
    assert compare().series == [SeriesState(key=key, stored=1, witnessed=0)]


def test_a_file_that_another_process_has_just_begun_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_legal_entity()
    sign(Deal())

    def read_before_the_other_issues(*, path: Path) -> Mapping[str, Mapping[SeriesKey, int]]:
        known = highest(path=path)
        monkeypatch.undo()
        bill()
        DatabaseMark.objects.update(is_witnessed=True)
        [invoice] = Invoice.objects.all()
        key = SeriesKey(legal_entity_id=invoice.legal_entity_id, kind="invoice", year=invoice.year)
        note(path=path, lineage=str(DatabaseMark.objects.get().lineage), numbers={key: 1})
        return known

    monkeypatch.setattr(restoring, "highest", read_before_the_other_issues)
    assert compare().sign is None
    assert Invoice.objects.count() == 1


def test_no_document_leaves_before_its_number_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_legal_entity()
    sign(Deal())
    bill()
    invoice = Invoice.objects.get()

    invoice_pdf(invoice=invoice)
    [(lineage, known)] = highest(path=witness_path()).items()
    witness_path().unlink()
    witness_path().mkdir()

    mark = DatabaseMark.objects.get()
    assert (lineage, list(known.values()), mark.is_witnessed) == (str(mark.lineage), [1], True)
    with pytest.raises(UnableToRender, match="could not be written to the file that WITNESS_PATH names"):
        invoice_pdf(invoice=invoice)


def test_mails_that_wait_end_there_and_the_series_are_locked(key: SeriesKey) -> None:
    mails = InvoiceMail.objects.order_by("pk")
    plant("UPDATE billing_invoicemail SET state = 'waiting'")
    with CaptureQueriesContext(connection) as statements:
        continue_series(sent={}, reason="Restored", actor=None)

    assert [(one.state, one.may_have_left, one.problem) for one in mails] == [
        (MailState.FAILED, True, restoring.MAIL_BEFORE_RESTORE)
    ]
    locked = [sql["sql"] for sql in statements if " FOR UPDATE" in sql["sql"]]
    assert [sql for sql in locked if "billing_numberseries" in sql and "ORDER BY" in sql]


def test_a_mail_that_has_left_stays_sent(key: SeriesKey) -> None:
    plant("UPDATE billing_invoicemail SET state = 'sent', sent_at = now()")

    continue_series(sent={}, reason="Restored", actor=None)

    assert InvoiceMail.objects.get().state == MailState.SENT


def test_a_backup_from_before_the_first_number_lags_behind() -> None:
    entity = ensure_legal_entity()
    key = SeriesKey(legal_entity_id=entity.pk, kind="invoice", year=2026)
    NumberSeries.objects.create(legal_entity=entity, kind="invoice", year=2026, next_number=1)
    restoring.mark_here()
    assert (compare().sign, compare().series) == (None, [])

    note(path=witness_path(), lineage=str(DatabaseMark.objects.get().lineage), numbers={key: 1})

    assert compare().sign == RestoreSign.BEHIND
    assert compare().series == [SeriesState(key=key, stored=0, witnessed=1)]


def test_a_database_without_a_mark_takes_that_of_its_server_before_its_first_number() -> None:
    DatabaseMark.objects.all().delete()
    assert compare().sign is None

    lineage = restoring.ensure_not_restored()

    assert (lineage, restoring.ensure_not_restored()) == (str(DatabaseMark.objects.get().lineage), lineage)
    restoring.write_first_witness()
    assert not witness_path().exists()


def test_the_first_witness_is_not_written_again_nor_over_a_sign(key: SeriesKey) -> None:
    before = witness_path().read_text()
    restoring.write_first_witness()
    assert (compare().sign, witness_path().read_text()) == (RestoreSign.BEHIND, before)

    witness_path().unlink()
    DatabaseMark.objects.update(is_witnessed=False)
    restoring.write_first_witness()
    first = witness_path().read_text()
    DatabaseMark.objects.update(is_witnessed=True)
    restoring.write_first_witness()
    assert (compare().sign, witness_path().read_text()) == (None, first)


def test_the_first_witness_is_of_the_numbers_that_are_stored(key: SeriesKey) -> None:
    lineage = str(DatabaseMark.objects.get().lineage)
    for is_witnessed, known in ((True, {}), (False, {lineage: {key: 1}})):
        witness_path().unlink(missing_ok=True)
        DatabaseMark.objects.update(is_witnessed=is_witnessed)
        restoring.write_first_witness()
        assert highest(path=witness_path()) == known


@pytest.mark.django_db(transaction=True)
def test_the_number_is_written_once_it_is_committed() -> None:
    entity = ensure_legal_entity()
    sign(Deal())
    bill()

    key = SeriesKey(legal_entity_id=entity.pk, kind="invoice", year=2026)
    assert list(highest(path=witness_path()).values()) == [{key: 1}]
    assert DatabaseMark.objects.get().is_witnessed


@pytest.mark.django_db(transaction=True)
def test_the_upgrade_writes_the_file_from_the_series() -> None:
    ensure_legal_entity()
    sign(Deal())
    bill()
    witness_path().unlink()
    DatabaseMark.objects.update(is_witnessed=False)

    restoring.write_first_witness()

    assert [list(known.values()) for known in highest(path=witness_path()).values()] == [[1]]
    sign(Deal())
    bill()
    assert compare().sign is None


def test_what_is_confirmed_is_kept_with_who_confirmed_it(key: SeriesKey) -> None:
    ann = person("ann", group="Approver")
    with pytest.raises(UnableToContinue, match=r"^3 is below 4, which was given already\."):
        continue_series(sent={key: 3}, reason="x", actor=ann)

    [gap] = continue_series(sent={key: 6, replace(key, year=2025): 0}, reason="x", actor=ann)

    lineage = str(DatabaseMark.objects.get().lineage)
    assert highest(path=witness_path())[lineage] == {key: 6}
    assert (gap.decided_by, AuditEntry.objects.get(action="Restore confirmed").after) == (ann, {str(key): 6})
    with pytest.raises(UnableToContinue, match=r"Nothing has to be confirmed\.$"):
        continue_series(sent={key: 9}, reason="x", actor=ann)


def test_a_number_is_shown_as_on_its_document(key: SeriesKey) -> None:
    entities = LegalEntity.objects.in_bulk()

    texts = [
        number_text(key=one, number=number, entities=entities)
        for one in (key, replace(key, kind="credit_note"))
        for number in (0, 7)
    ]

    assert texts == ["-", "INV-2026-000007", "-", "CN-2026-000007"]
