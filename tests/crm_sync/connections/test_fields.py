import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Upper

from crm_sync.connections import credentials
from crm_sync.errors import ConfigError, SecretsUnreadable, SyncError
from crm_sync.fields import SecretMisplaced
from crm_sync.models import Connection, ConnectionCredentials

CANARY = "pat-na1-canary-5f0c"
TABLE = "crm_sync_connectioncredentials"
REFUSAL = "access_token is a secret: set it on the object and call save()"

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Connection:
    return a_connection("First")


@pytest.fixture
def secrets(connection: Connection) -> ConnectionCredentials:
    return ConnectionCredentials.objects.create(
        connection=connection, access_token=CANARY, refresh_token="a-refresh\ntoken"
    )


def a_connection(name: str) -> Connection:
    return Connection.objects.create(
        provider="hubspot", name=name, import_from="2026-01-01", default_currency="USD"
    )


def stored(row: ConnectionCredentials, column: str = "access_token") -> bytes:
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {TABLE} WHERE connection_id = %s", [row.pk])
        return bytes(cursor.fetchone()[0])


def store(row: ConnectionCredentials, value: bytes, column: str = "access_token") -> None:
    with database.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET {column} = %s WHERE connection_id = %s", [value, row.pk])


def test_secrets_come_back_as_they_were_saved(secrets: ConnectionCredentials) -> None:
    found = ConnectionCredentials.objects.get()

    assert (found.client_secret, found.access_token, found.refresh_token) == ("", CANARY, "a-refresh\ntoken")


def test_what_is_stored_is_encrypted(secrets: ConnectionCredentials) -> None:
    assert CANARY.encode() not in stored(secrets)
    assert stored(secrets)[:5] == b"gAAAA"


def test_saving_one_secret_keeps_the_others(secrets: ConnectionCredentials) -> None:
    secrets.access_token = "another"
    secrets.save(update_fields=["access_token"])

    found = ConnectionCredentials.objects.get()
    assert (found.access_token, found.refresh_token) == ("another", "a-refresh\ntoken")


def test_reloading_and_deferring(secrets: ConnectionCredentials) -> None:
    secrets.access_token = "not saved"
    secrets.refresh_from_db()
    part = ConnectionCredentials.objects.defer("access_token").get()

    assert (secrets.access_token, part.access_token, part.refresh_token) == (
        CANARY,
        CANARY,
        "a-refresh\ntoken",
    )


def test_an_emptied_secret_leaves_nothing_behind(secrets: ConnectionCredentials) -> None:
    secrets.access_token = ""
    secrets.save()

    assert ConnectionCredentials.objects.filter(access_token__isnull=True).count() == 1
    assert ConnectionCredentials.objects.get().access_token == ""


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: rows.update(access_token="plain"),
        lambda rows: rows.update(access_token=F("refresh_token")),
        lambda rows: rows.update(access_token=Value("plain")),
        lambda rows: rows.update(access_token=Upper("refresh_token")),
        lambda rows: rows.update(access_token=Concat(F("refresh_token"), Value("x"))),
        lambda rows: rows.bulk_update(rows, ["access_token"]),
    ],
    ids=["text", "F", "Value", "function", "Concat", "bulk_update"],
)
def test_updates_that_would_store_something_else_are_refused(
    secrets: ConnectionCredentials, write: Callable[..., object]
) -> None:
    before = stored(secrets)

    with pytest.raises(TypeError) as refusal, transaction.atomic():
        write(ConnectionCredentials.objects.all())

    assert str(refusal.value) == REFUSAL
    assert stored(secrets) == before


def test_an_expression_set_on_the_object_is_refused(secrets: ConnectionCredentials) -> None:
    before = stored(secrets)
    secrets.access_token = F("refresh_token")  # type: ignore[assignment]

    with pytest.raises(TypeError) as refusal, transaction.atomic():
        secrets.save()

    assert str(refusal.value) == "access_token is a secret: it has to be a plain text"
    assert stored(secrets) == before


def test_rows_made_in_bulk_are_encrypted_and_bound() -> None:
    rows = [
        ConnectionCredentials(connection=a_connection(name), access_token=f"{CANARY}-{name}")
        for name in ("One", "Two")
    ]
    ConnectionCredentials.objects.bulk_create(rows)

    tokens = [row.access_token for row in ConnectionCredentials.objects.order_by("pk")]
    assert tokens == [f"{CANARY}-One", f"{CANARY}-Two"]


def test_a_secret_can_be_wiped_by_update(secrets: ConnectionCredentials) -> None:
    ConnectionCredentials.objects.update(access_token=None)

    assert ConnectionCredentials.objects.get().access_token == ""


def test_a_secret_cannot_be_searched_for(secrets: ConnectionCredentials) -> None:
    with pytest.raises(FieldError):
        ConnectionCredentials.objects.filter(Q(access_token=CANARY)).count()


def test_dumpdata_shows_no_secret(secrets: ConnectionCredentials) -> None:
    out = StringIO()
    call_command("dumpdata", "crm_sync.connectioncredentials", stdout=out)

    fields = json.loads(out.getvalue())[0]["fields"]
    assert {name: fields[name] for name in ("client_secret", "access_token", "refresh_token")} == {
        "client_secret": "",
        "access_token": "",
        "refresh_token": "",
    }


def test_no_secret_in_repr_and_str(secrets: ConnectionCredentials) -> None:
    texts = [repr(secrets), str(secrets), repr(secrets.connection), str(ConnectionCredentials.objects.all())]

    assert [text for text in texts if "canary" in text or "a-refresh" in text] == []


def test_a_ciphertext_moved_to_another_row_is_refused(secrets: ConnectionCredentials) -> None:
    other = ConnectionCredentials.objects.create(connection=a_connection("Second"), access_token="own")
    store(other, stored(secrets))

    with pytest.raises(SecretMisplaced) as refusal:
        ConnectionCredentials.objects.get(pk=other.pk)

    assert str(refusal.value) == "The secret access_token was written for another row. Connect again."


def test_a_ciphertext_moved_to_another_column_is_refused(secrets: ConnectionCredentials) -> None:
    store(secrets, stored(secrets), column="refresh_token")

    with pytest.raises(SecretMisplaced) as refusal:
        ConnectionCredentials.objects.get(pk=secrets.pk)

    assert str(refusal.value) == "The secret refresh_token was written for another row. Connect again."


MISPLACED = (
    ConfigError,
    "The stored credentials of First were written for another connection. Connect again.",
    "CREDENTIALS_MISPLACED",
    True,
)
UNREADABLE = (
    SecretsUnreadable,
    "No key in FERNET_KEYS of this process reads the stored credentials of First. "
    "Set FERNET_KEYS to the keys that they were stored with, then start this process again.",
    "CREDENTIALS_UNREADABLE",
    False,
)


@pytest.mark.parametrize(
    ("damage", "refused"), [("moved", MISPLACED), ("garbage", UNREADABLE), ("other key", UNREADABLE)]
)
def test_unreadable_credentials_are_refused_with_their_cause(
    connection: Connection, secrets: ConnectionCredentials, damage: str, refused: tuple[object, ...]
) -> None:
    """Only what was written for another connection needs a new one: with the right keys the rest is read."""
    other = ConnectionCredentials.objects.create(connection=a_connection("Second"), access_token="own")
    broken = {
        "moved": stored(other),
        "garbage": b"gAAAAA-no-token",
        "other key": stored(secrets)[:-8] + b"AAAAAA==",
    }
    store(secrets, broken[damage])

    with pytest.raises(SyncError) as refusal:
        credentials.read(connection=connection)

    error = refusal.value
    assert (type(error), str(error), error.code, getattr(error, "breaks", False)) == refused
    assert credentials.read(connection=other.connection).access_token == "own"
