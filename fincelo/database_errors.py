"""Whose fault a refusal of the database is. The SQLSTATE says so; Django's exception classes do not.

A full disk and a lost connection are both OperationalError, a missing column and a trigger's refusal are both
ProgrammingError. What decides is the five characters that PostgreSQL sends (its manual, appendix A).
"""

import logging
from enum import StrEnum

from django.db import DataError, Error, IntegrityError

log = logging.getLogger(__name__)


class Fault(StrEnum):
    """What a refusal says about the next attempt."""

    COLLISION = "collision"
    """Another transaction was in the way: the same statement works at once, or a moment later."""
    AWAY = "away"
    """The connection was lost or refused: a new one may work."""
    BUSY = "busy"
    """The server has no time or no place for us: a later run may work, one at once does not."""
    STORAGE = "storage"
    """The server cannot write: full disk, no memory, read-only. A person has to act."""
    DAMAGED = "damaged"
    """The server says that it is broken. A person has to act, and nothing is tried again."""
    RECORD = "record"
    """What was to be stored breaks a rule: this one record is at fault and no other."""
    PROGRAM = "program"
    """Schema and program differ, or rights are missing. Nothing works before that is mended."""

    @property
    def passes(self) -> bool:
        """Tells whether the next run may do better without anybody acting."""
        return self in (Fault.COLLISION, Fault.AWAY, Fault.BUSY)

    @property
    def is_worth_another_try(self) -> bool:
        """Tells whether the same work may succeed within seconds."""
        return self in (Fault.COLLISION, Fault.AWAY)


BY_STATE = {
    "40001": Fault.COLLISION,
    "40P01": Fault.COLLISION,
    "55P03": Fault.COLLISION,
    "57P01": Fault.AWAY,
    "57P02": Fault.AWAY,
    "57P03": Fault.AWAY,
    "25P03": Fault.AWAY,
    "57014": Fault.BUSY,
    "53300": Fault.BUSY,
    "53100": Fault.STORAGE,
    "53200": Fault.STORAGE,
    "53400": Fault.STORAGE,
    "25006": Fault.STORAGE,
}
BY_CLASS = {
    "08": Fault.AWAY,
    "22": Fault.RECORD,
    "23": Fault.RECORD,
    "40": Fault.COLLISION,
    "53": Fault.STORAGE,
    "57": Fault.AWAY,
    "58": Fault.STORAGE,
    "XX": Fault.DAMAGED,
}
NEXT_POLL = "The next run tries again automatically."
SENTENCES = {
    Fault.COLLISION: ("The database was busy with other transactions.", NEXT_POLL),
    Fault.AWAY: ("The database does not answer.", "See that PostgreSQL runs and that DATABASE_URL names it."),
    Fault.BUSY: ("The database took too long or had no free connection.", NEXT_POLL),
    Fault.STORAGE: ("The database cannot write.", "Look into PostgreSQL's log and give it what it lacks."),
    Fault.DAMAGED: (
        "The database reports damage of its own.",
        "Call its administrator before anything else.",
    ),
    Fault.RECORD: ("The database refused one record.", "The log names the rule that it breaks."),
    Fault.PROGRAM: (
        "The database and this release of Fincelo do not fit together, or rights are missing.",
        "Run manage.py migrate, then restart the web server and the worker.",
    ),
}
"""What happened and the next step, for the person who can act."""
BY_STATE_SENTENCES = {
    "53100": ("The disk of the database is full.", "Free some space there, or give it more."),
    "53200": ("The database has no memory left.", "Give its machine more, or fewer programs."),
    "53300": (
        "The database has no free connection.",
        f"Raise max_connections if it recurs. {NEXT_POLL}",
    ),
    "57014": ("The database took too long over one statement.", NEXT_POLL),
    "25006": ("The database is read-only.", "Point DATABASE_URL at the primary, or end its recovery."),
    "42501": ("Fincelo lacks a right in the database.", "Grant its role what docs/operate.md lists."),
}


def sqlstate(error: BaseException) -> str:
    """The five characters of PostgreSQL; empty where the server sent none, as for a lost connection."""
    return str(getattr(error.__cause__, "sqlstate", None) or getattr(error, "sqlstate", None) or "")


def fault_of(error: BaseException) -> Fault:
    """Classifies an error of django.db, whatever its class."""
    state = sqlstate(error)
    if not state:  # the driver's own: it refused a value, or it has no connection
        return Fault.RECORD if isinstance(error, DataError | IntegrityError) else Fault.AWAY
    return BY_STATE.get(state) or BY_CLASS.get(state[:2]) or Fault.PROGRAM


def words(error: BaseException) -> tuple[str, str]:
    """What happened and the next step. Holds no value that was to be stored."""
    state = sqlstate(error)
    return BY_STATE_SENTENCES.get(state) or SENTENCES[fault_of(error)]


def rule_of(error: BaseException) -> str:
    """The constraint that refused; else the table and column, else the SQLSTATE. Never a value."""
    diagnosis = getattr(error.__cause__, "diag", None)
    names = [getattr(diagnosis, name, None) for name in ("constraint_name", "table_name", "column_name")]
    if names[0]:
        return str(names[0])
    return ".".join(name for name in names[1:] if name) or f"SQLSTATE {sqlstate(error) or 'none'}"


def tell(error: Error, *, doing: str) -> None:
    """Writes one line to the log with SQLSTATE, table, column and constraint. Values stay out of it."""
    diagnosis = getattr(error.__cause__, "diag", None)
    names = {
        name: getattr(diagnosis, f"{name}_name", None) or "-" for name in ("table", "column", "constraint")
    }
    log.error(
        "%s: the database refused, SQLSTATE %s (%s), table %s, column %s, constraint %s.",
        *(doing, sqlstate(error) or "none", fault_of(error).value, *names.values()),
    )
