"""The restore drill: bill, dump, bill on, restore for real, bill again. No number is given twice."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.restoring import witness_path
from contracts.clock import business_day
from fincelo import postgres_programs
from tests.billing.builders import Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.processes import Manage, environment_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse 1"
COPY = "test_fincelo_restored"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the user of the database server may write."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


class Drill:
    def __init__(self, folder: Path) -> None:
        self.dump_file = folder / "dump"
        params = connection.get_connection_params()
        self.server = ("-h", params["host"], "-U", params["user"])
        self.database = params["dbname"]

    def dump(self) -> None:
        postgres_programs.run("pg_dump", *self.server, "-Fc", "-f", self.dump_file, self.database)

    def restore_into_copy(self) -> Manage:
        postgres_programs.run("dropdb", *self.server, "--if-exists", "-f", COPY)
        postgres_programs.run("createdb", *self.server, "-T", "template0", COPY)
        self._restore(COPY)
        return self.manage(COPY)

    def restore_over(self) -> Manage:
        connection.close()
        self._restore(self.database, "--clean", "--if-exists")
        return self.manage(self.database)

    def manage(self, database: str) -> Manage:
        params = connection.get_connection_params()
        url = f"postgresql://{params['user']}@/{database}?host={params['host']}"
        return Manage(environment=environment_for(database_url=url))

    def _restore(self, database: str, *options: str) -> None:
        postgres_programs.run(
            "pg_restore", *self.server, "--exit-on-error", *options, "-d", database, self.dump_file
        )


@pytest.fixture
def drill(folder: Path) -> Iterator[Drill]:
    drill = Drill(folder)
    yield drill
    postgres_programs.run("dropdb", *drill.server, "--if-exists", "-f", COPY)


def bill(*customers: str) -> None:
    today = business_day()
    sign(*(Deal(customer=name, start=today, months=1) for name in customers), as_of=today)
    invoice_due(as_of=today, trigger=BillingTrigger.COMMAND)


def numbers(manage: Manage) -> list[str]:
    code = "from billing.models import Invoice; print(list(Invoice.objects.order_by('pk').values_list('sequence', flat=True)))"
    return json.loads(manage("shell", "--no-imports", "-v0", "-c", code).output.splitlines()[-1])


def test_a_number_that_left_is_never_given_again(drill: Drill) -> None:
    ensure_legal_entity()
    ann = person("ann", group="Approver")
    ann.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt")  # as the commands read it
    ann.save()
    bill("One", "Two")
    drill.dump()
    bill("Three", "Four", "Five")

    manage = drill.restore_into_copy()
    manage("shell", "--no-imports", "-v0", "-c", SIGN)
    stopped = manage("run_billing")
    compared = manage("confirm_restore")
    started = manage("check", "--database", "default")
    guessed = manage("confirm_restore", "--by=ann", "--reason=x", given="guessed\n")
    low = manage("confirm_restore", "--by=ann", "--reason=x", f"--sent={series()}=4", given=f"{PASSWORD}\n")
    confirmed = manage(
        *("confirm_restore", "--by=ann", "--reason=Disk lost", f"--sent={series()}=6"), given=f"{PASSWORD}\n"
    )
    went_on = manage("run_billing")
    checked = manage("check_invariants")

    year = business_day().year
    assert (stopped.code, stopped.output) == (1, "")
    assert "Numbers were given that this database does not know." in stopped.errors
    assert compared.output.splitlines() == [
        "Numbers were given that this database does not know.",
        f"{series()}: last here INV-{year}-000002, last that left INV-{year}-000005",
        f"{series().replace('invoice', 'credit_note')}: no number here and none that left",
    ]
    assert "billing.W001" in started.errors
    assert "This is not the password of ann." in guessed.errors
    assert "4 is below 5, which was given already." in low.errors
    assert confirmed.output.splitlines()[-2:] == [
        f"Not stored here: Invoices {year}: 3 to 6.",
        "Confirmed. Every series continues after the numbers that left.",
    ]
    assert went_on.code == 0
    assert numbers(manage) == [1, 2, 7]
    assert "numbers_have_no_gap" not in checked.output + checked.errors
    assert "series_goes_on" not in checked.output + checked.errors


def test_a_restore_into_the_same_database_is_recognised_without_a_later_number(drill: Drill) -> None:
    ensure_legal_entity()
    bill("One")
    drill.dump()

    stopped = drill.restore_over()("run_billing")

    assert stopped.code == 1
    assert "This database is a copy" in stopped.errors


def test_a_missing_file_stops_billing(drill: Drill) -> None:
    ensure_legal_entity()
    bill("One")
    witness_path().unlink()

    stopped = drill.manage(drill.database)("run_billing")

    assert stopped.code == 1
    assert "The file that keeps the highest numbers given is missing." in stopped.errors


def series() -> str:
    from billing.models import LegalEntity

    return f"{LegalEntity.objects.get().pk}/invoice/{business_day().year}"


SIGN = """
from contracts.clock import business_day
from tests.billing.builders import Deal, sign
sign(Deal(customer="Late", start=business_day(), months=1), as_of=business_day())
"""
