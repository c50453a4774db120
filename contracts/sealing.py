"""Seals the audit: every five minutes a digest over what was written since, and over the seal before.

Entries are sealed by the transactions that wrote them, once none of these can still be running: rows get
their numbers before their transactions end, so they come in another order. An entry that is changed, added
or taken away later breaks its seal, which `manage.py check_invariants` names. Each server counts its own
transactions, so what a restore has brought along is sealed apart from what is written after it.
"""

import logging
from collections.abc import Iterator

from django.db import connection, transaction

from contracts.models import AuditSeal

log = logging.getLogger(__name__)

LOCK = 4_611_950_275  # any number, as long as nothing else in this database locks it
LAST_XID = 2**63 - 1
HORIZON = "pg_snapshot_xmin(pg_current_snapshot())"
"""The oldest transaction of the whole server that may still be running."""
ENTRY = """encode(sha256(convert_to(jsonb_build_array(
    entry.id, extract(epoch FROM entry.at), entry.system, entry.xid::text, entry.actor_id, entry.actor_name,
    host(entry.address), entry.action, entry.object_type, entry.object_id, entry.object_name, entry.before,
    entry.after, entry.reason
)::text, 'UTF8')), 'hex')"""
"""The digest of one entry, the same in every session and time zone."""


def digest_of(*, previous: str) -> str:
    """The digest of a seal over its entries, in SQL. `previous`: the digest before it, in SQL."""
    entries = f"coalesce(string_agg({ENTRY}, '' ORDER BY entry.id), '')"
    return f"encode(sha256(convert_to({previous} || {entries}, 'UTF8')), 'hex')"


BROKEN = f"""
    SELECT seal.id, seal.entries, found.entries AS left_over, seal.sealed_at
    FROM (
        SELECT sealed.*,
            lag(digest, 1, '') OVER (ORDER BY id) AS previous,
            lag(until_xid, 1, 0::bigint) OVER (PARTITION BY system ORDER BY id) AS begins
        FROM contracts_auditseal sealed
    ) seal
    CROSS JOIN LATERAL (
        SELECT count(*) AS entries, {digest_of(previous="seal.previous")} AS digest
        FROM contracts_auditentry entry
        WHERE entry.system = seal.system
          AND entry.xid >= seal.from_xid::text::xid8 AND entry.xid < seal.until_xid::text::xid8
    ) found
    WHERE (seal.entries, seal.digest, seal.begins) <> (found.entries, found.digest, seal.from_xid)
"""  # noqa: S608  constants
"""Each seal that its entries, or the seal before it, no longer bear out."""


def seal() -> list[AuditSeal]:
    """Seals what was written since the last seal, one process at a time. One seal per server, if any."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(
            f"SELECT system_identifier, ({HORIZON})::text::bigint FROM pg_control_system()"  # noqa: S608
        )
        here, horizon = cursor.fetchone()
        spans = ((system, horizon if system == here else LAST_XID) for system in _systems())
        made = [one for system, until in spans if (one := _seal(system=system, until_xid=until))]
    for one in made:
        log.info("Audit sealed: seal %d, %d entries, digest %s", one.pk, one.entries, one.digest)
    return made


def _systems() -> Iterator[int]:
    """The servers in which entries were written: each found by one look into the index."""
    system: int | None = -(2**63)
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT min(system) FROM contracts_auditentry WHERE system > %s", [system])
            [system] = cursor.fetchone()
            if system is None:
                return
            yield system


def _seal(*, system: int, until_xid: int) -> AuditSeal | None:
    of_system = AuditSeal.objects.filter(system=system).order_by("pk").last()
    from_xid = of_system.until_xid if of_system else 0
    before = AuditSeal.objects.order_by("pk").last()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), {digest_of(previous='%s')} FROM contracts_auditentry entry"  # noqa: S608
            " WHERE entry.system = %s AND entry.xid >= %s::text::xid8 AND entry.xid < %s::text::xid8",
            [before.digest if before else "", system, str(from_xid), str(until_xid)],
        )
        entries, digest = cursor.fetchone()
    if not entries:
        return None
    return AuditSeal.objects.create(
        system=system, from_xid=from_xid, until_xid=until_xid, entries=entries, digest=digest
    )
