"""An entry of the audit that is changed, added or taken away breaks its seal."""

import pytest
from django.db import connection, transaction

from contracts import audit, sealing
from contracts.models import AuditEntry, AuditSeal, Workspace
from contracts.sealing import seal
from tests.invariants import plant, violations

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests hold transactions open in databases beside this one."""
    running = "SELECT min(backend_xid::text::bigint) FROM pg_stat_activity WHERE datname = current_database()"
    next_one = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
    monkeypatch.setattr(sealing, "HORIZON", f"SELECT coalesce(({running}), {next_one})")


@pytest.fixture(autouse=True)
def workspace() -> Workspace:
    return Workspace.objects.get_or_create(pk=1)[0]


def write(count: int) -> None:
    for number in range(count):
        audit.record(actor=None, action=f"Entry {number}", subject=Workspace.objects.get())


def sealed() -> list[tuple[int, int]]:
    return list(AuditSeal.objects.order_by("pk").values_list("system", "entries"))


def break_with(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        plant(statement)
        cursor.execute("COMMIT")


def broken() -> int:
    return len(violations().get("audit_is_as_sealed", []))


def test_each_seal_covers_what_was_written_since() -> None:
    write(3)
    first = seal()
    write(2)

    assert [len(first), len(seal()), len(seal())] == [1, 1, 0]
    assert ([entries for _, entries in sealed()], broken()) == ([3, 2], 0)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM contracts_auditentry WHERE action = 'Entry 1'",
        "UPDATE contracts_auditentry SET reason = 'other' WHERE action = 'Entry 0'",
        "UPDATE contracts_auditentry SET at = at - interval '1 day' WHERE action = 'Entry 2'",
        "DELETE FROM contracts_auditentry",
        "DELETE FROM contracts_auditseal WHERE id = (SELECT min(id) FROM contracts_auditseal)",
        "UPDATE contracts_auditseal SET entries = entries + 1 WHERE id = (SELECT max(id) FROM contracts_auditseal)",
        (
            "INSERT INTO contracts_auditentry (at, actor_name, action, object_type, object_id, object_name,"
            " before, after, reason, system, xid) SELECT at, actor_name, action, object_type, object_id, object_name,"
            " before, after, reason, system, xid FROM contracts_auditentry WHERE action = 'Entry 0' LIMIT 1"
        ),
    ],
)
def test_what_is_changed_past_fincelo_breaks_a_seal(statement: str) -> None:
    write(3)
    seal()
    audit.record(actor=None, action="Later", subject=Workspace.objects.get())
    seal()

    break_with(statement)

    assert broken() >= 1


def test_an_open_transaction_is_sealed_once_it_has_ended() -> None:
    write(1)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            "INSERT INTO contracts_auditentry (actor_name, action, object_type, object_id, object_name, before,"
            " after, reason) VALUES ('x', 'Late', 'x', 1, 'x', '{}', '{}', '')"
        )
        write(1)
        seal()
        cursor.execute("COMMIT")
    other.close()

    seal()

    assert sum(entries for _, entries in sealed()) == 3
    assert broken() == 0


def test_what_a_restore_brings_along_is_sealed_apart() -> None:
    write(3)
    break_with("UPDATE contracts_auditentry SET system = 1, xid = (id * 1000000)::text::xid8")
    second = AuditEntry.objects.order_by("pk")[1].pk
    with transaction.atomic():
        sealing._seal(system=1, until_xid=second * 1_000_000)  # the last one before the dump
    write(2)
    seal()
    write(1)
    seal()

    here = AuditSeal.objects.latest("pk").system
    assert sealed() == [(1, 1), (1, 2), (here, 2), (here, 1)]
    assert broken() == 0


def test_the_database_says_when_an_entry_was_written() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contracts_auditentry (at, actor_name, action, object_type, object_id, object_name, before,"
            " after, reason, xid) VALUES ('2020-01-01', 'x', 'x', 'x', 1, 'x', '{}', '{}', '', '3')"
            " RETURNING at > now() - interval '1 minute', xid = '3'"
        )
        assert cursor.fetchone() == (True, False)
