"""Recognises a database that was restored from a backup, and lets its series continue after what has left.

While a restore is unconfirmed nothing is issued and nothing is mailed; all else continues. The database
is compared with the outside witness (`billing.issuing.witness`) and with what its server says of itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from billing.enums import MailState, RestoreSign, SeriesKind
from billing.issuing.witness import UnreadableWitness, ensure_writable, highest, note
from billing.models import DatabaseMark, InvoiceMail, LegalEntity, NumberGap, NumberSeries
from billing.values import SeriesKey
from contracts import audit
from contracts.clock import business_day

HELD_BACK = (MailState.WAITING, MailState.SENDING)
MAIL_BEFORE_RESTORE = (
    "The database was restored from a backup, so this mail may have been sent before. "
    "Send it again if the customer does not have it."
)
_NOW = """
    SELECT
        (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
        (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database_oid,
        'billing_invoice'::regclass::oid::bigint AS invoice_table_oid,
        (SELECT timeline_id::bigint FROM pg_control_checkpoint()) AS timeline
"""
_LOOK = f"""
    SELECT coalesce(mark.lineage::text, ''), coalesce(mark.is_witnessed, false),
        coalesce((mark.system_identifier, mark.database_oid, mark.invoice_table_oid, mark.timeline)
            = (here.system_identifier, here.database_oid, here.invoice_table_oid, here.timeline), false),
        (
            SELECT coalesce(jsonb_agg(jsonb_build_array(legal_entity_id, kind, year, next_number - 1)), '[]')
            FROM billing_numberseries WHERE next_number > 1
        )::text
    FROM ({_NOW}) here LEFT JOIN billing_databasemark mark ON mark.id = 1
"""  # noqa: S608  constants


class DatabaseRestored(Exception):
    """The database was restored from a backup, and nobody has confirmed it."""


class UnableToContinue(Exception):
    """A number said is too low, or nothing has to be decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesState:
    """The last number of a series here, and the highest that the witness knows. 0 where there is none."""

    key: SeriesKey
    stored: int
    witnessed: int

    @property
    def least(self) -> int:
        return max(self.stored, self.witnessed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    sign: RestoreSign | None
    """Why the database counts as restored; None where it does not."""
    series: Sequence[SeriesState]
    unused: Sequence[SeriesState] = ()
    """Of this year, with no number here and none in the file: some may have left anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the witness and the database say, read in this order: what the witness knows was committed."""

    lineage: str
    is_here: bool
    """The server says of itself what is stored in the mark."""
    is_witnessed: bool
    is_readable: bool
    stored: Mapping[SeriesKey, int]
    witnessed: Mapping[SeriesKey, int]

    @property
    def sign(self) -> RestoreSign | None:
        if not self.stored and not self.witnessed:
            return None
        if not self.is_readable:
            return RestoreSign.UNREADABLE
        if any(number > self.stored.get(key, 0) for key, number in self.witnessed.items()):
            return RestoreSign.BEHIND
        if not self.is_here:
            return RestoreSign.COPIED
        return RestoreSign.UNWITNESSED if self.is_witnessed and not self.witnessed else None


def restore_sign() -> RestoreSign | None:
    """Why the database counts as restored; None where it does not. One statement."""
    return _look().sign


def compare() -> Comparison:
    """All that a person decides about when a restore is confirmed."""
    look = _look()
    keys = sorted({*look.stored, *look.witnessed}, key=str)
    return Comparison(
        sign=look.sign,
        series=[
            SeriesState(key=key, stored=look.stored.get(key, 0), witnessed=look.witnessed.get(key, 0))
            for key in keys
        ],
        unused=[SeriesState(key=key, stored=0, witnessed=0) for key in _keys_of_year() if key not in keys],
    )


def _keys_of_year() -> list[SeriesKey]:
    year = business_day().year
    return [
        SeriesKey(legal_entity_id=entity, kind=kind, year=year)
        for entity in LegalEntity.objects.order_by("pk").values_list("pk", flat=True)
        for kind in SeriesKind.values
    ]


def ensure_not_restored() -> str:
    """The lineage of this database. Raises DatabaseRestored where nothing may be issued or mailed.

    A database that has given no number takes the mark of the server where it is.
    """
    look = _look()
    if look.sign:
        raise DatabaseRestored(
            f"{look.sign.label} Nothing is issued or mailed before an approver has confirmed the restore."
        )
    if look.is_here:
        return look.lineage
    mark_here()
    return _look().lineage


def write_first_witness() -> None:
    """Begins the file with what is given already, as for a database from before there was one.

    Called after every migration, also of one that went back to before the mark.
    """
    if DatabaseMark._meta.db_table not in connection.introspection.table_names():
        return
    look = _look()
    if look.stored and not look.is_witnessed and not look.sign:
        note(path=witness_path(), lineage=look.lineage, numbers=look.stored)


def begin_witness() -> None:
    """The same by the process that issues: from now on a missing file is a sign of a restore.

    OSError where the file cannot be written.
    """
    if connection.in_atomic_block:  # what is not committed may go back
        return
    ensure_writable(path=witness_path())
    look = _look()
    if look.stored and not look.is_witnessed and not look.sign:
        _witness(lineage=look.lineage, numbers=look.stored)


def witness_when_committed(*, lineage: str, key: SeriesKey, number: int) -> None:
    """Once the transaction that gave the number is committed, the witness knows it."""
    transaction.on_commit(partial(_witness, lineage=lineage, numbers={key: number}), robust=True)


def ensure_witnessed(*, key: SeriesKey, number: int) -> None:
    """Before a document leaves the house. OSError where the witness cannot be written."""
    look = _look()
    if look.witnessed.get(key, 0) < number:
        _witness(lineage=look.lineage, numbers={key: number})


def _witness(*, lineage: str, numbers: Mapping[SeriesKey, int]) -> None:
    note(path=witness_path(), lineage=lineage, numbers=numbers)
    DatabaseMark.objects.filter(is_witnessed=False).update(is_witnessed=True)


def mark_here() -> None:
    """Stores what the server says of itself; the lineage stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO billing_databasemark AS mark (
                id, lineage, system_identifier, database_oid, invoice_table_oid, timeline
            )
            SELECT 1, gen_random_uuid(), here.* FROM ({_NOW}) here
            ON CONFLICT (id) DO UPDATE SET
                (system_identifier, database_oid, invoice_table_oid, timeline, marked_at) = (
                    excluded.system_identifier, excluded.database_oid, excluded.invoice_table_oid,
                    excluded.timeline, clock_timestamp()
                )
            """  # noqa: S608  constants
        )


def continue_series(
    *, sent: Mapping[SeriesKey, int], reason: str, actor: AbstractBaseUser | None
) -> Sequence[NumberGap]:
    """Lets every series continue after the highest number sent; the numbers that are not stored here.

    Mails that wait end there: some of them may have left before the restore, so a person sends them again.
    """
    with transaction.atomic():
        list(NumberSeries.objects.select_for_update().order_by("pk"))  # a count would lock nothing
        compared = compare()
        if compared.sign is None:
            raise UnableToContinue("This database is the one that issued last. Nothing has to be confirmed.")
        series = [*compared.series, *_named(compared, sent)]
        gaps = [gap for state in series if (gap := _gap(state, sent))]
        for gap in gaps:
            gap.reason, gap.decided_by_id = reason, actor.pk if actor else None
            gap.save(force_insert=True)
            _go_on_after(gap)
        InvoiceMail.objects.filter(state__in=HELD_BACK).update(
            state=MailState.FAILED, problem=MAIL_BEFORE_RESTORE, may_have_left=True
        )
        mark_here()
        mark = DatabaseMark.objects.get()
        numbers = {one.key: sent.get(one.key, one.least) for one in series}
        audit.record(
            actor=actor,
            action="Restore confirmed",
            subject=mark,
            before={"sign": compared.sign.value} | {str(one.key): one.stored for one in series},
            after={str(key): number for key, number in numbers.items()},
            reason=reason,
        )
        _witness(lineage=str(mark.lineage), numbers=numbers)
        return gaps


def _named(compared: Comparison, sent: Mapping[SeriesKey, int]) -> Sequence[SeriesState]:
    """The series that a person names though nobody here knows a number of them, as where the file is lost."""
    known = {state.key for state in compared.series}
    named = [key for key, number in sent.items() if key not in known and number != 0]
    entities = set(LegalEntity.objects.values_list("pk", flat=True))
    for key in named:
        if key.legal_entity_id not in entities or key.kind not in SeriesKind.values:
            listed = ", ".join(str(state.key) for state in (*compared.series, *compared.unused))
            raise UnableToContinue(f"There is no series {key}. There are {listed}.")
    return [SeriesState(key=key, stored=0, witnessed=0) for key in named]


def _gap(state: SeriesState, sent: Mapping[SeriesKey, int]) -> NumberGap | None:
    said = sent.get(state.key, state.least)
    if said < state.least:
        raise UnableToContinue(
            f"{said} is below {state.least}, which was given already. Say {state.least} or a higher number."
        )
    if said == state.stored:
        return None
    key = state.key
    return NumberGap(
        legal_entity_id=key.legal_entity_id, kind=key.kind, year=key.year, first=state.stored + 1, last=said
    )


def _go_on_after(gap: NumberGap) -> None:
    NumberSeries.objects.update_or_create(
        legal_entity_id=gap.legal_entity_id,
        kind=gap.kind,
        year=gap.year,
        defaults={"next_number": gap.last + 1},
    )


def witness_path() -> Path:
    path: Path = settings.WITNESS_PATH
    return path


def number_text(*, key: SeriesKey, number: int, entities: Mapping[int, LegalEntity]) -> str:
    """As it stands on the document; a dash for none."""
    if not number:
        return "-"
    entity = entities[key.legal_entity_id]
    prefix = entity.invoice_prefix if key.kind == SeriesKind.INVOICE else entity.credit_note_prefix
    return f"{prefix}-{key.year}-{number:06d}"


def _look() -> _Look:
    """Looks again where the file seems to be missing: another process may have begun it between the two."""
    look = _look_once()
    return _look_once() if look.sign == RestoreSign.UNWITNESSED else look


def _look_once() -> _Look:
    is_readable, known = True, {}
    try:
        known = dict(highest(path=witness_path()))
    except (UnreadableWitness, OSError):
        is_readable = False
    with connection.cursor() as cursor:
        cursor.execute(_LOOK)
        lineage, is_witnessed, is_here, series = cursor.fetchone()
    return _Look(
        lineage=lineage,
        is_here=is_here,
        is_witnessed=is_witnessed,
        is_readable=is_readable,
        stored={
            SeriesKey(legal_entity_id=entity, kind=kind, year=year): last
            for entity, kind, year, last in json.loads(series)
        },
        witnessed=known.get(lineage, {}),
    )
