"""The search for secrets finds them, or its silence would say nothing."""

import base64
import logging
from urllib.parse import quote

import pytest

from tests.crm_sync.faults.canaries import every_word, leaks

SECRET = "00D!AQ/+secret of a CRM, long enough"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET, safe=""),
        SECRET.encode().hex(),
        base64.b64encode(f"client:{SECRET}".encode()).decode(),
        base64.urlsafe_b64encode(f"a client:{SECRET}".encode()).decode(),
        base64.b64encode(f"one client:{SECRET}".encode()).decode(),
    ],
    ids=["plain", "address", "hex", "base64", "base64 a byte on", "base64 two bytes on"],
)
def test_secret_in_a_log_is_found(written: str) -> None:
    with every_word() as words:
        logging.getLogger("urllib3.connectionpool").debug("GET /%s", written)

        found = leaks(secrets=[SECRET, "another one"], words=words)

    assert found == [SECRET]


@pytest.mark.django_db
def test_secret_in_a_traceback_is_found() -> None:
    with every_word() as words:
        try:
            raise ValueError(SECRET)
        except ValueError:
            logging.getLogger("django").exception("It failed.")

        found = leaks(secrets=[SECRET], words=words)

    assert found == [SECRET]
