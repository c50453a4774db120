import io
import logging
from typing import Any

import pytest
from django.conf import settings

from fincelo.redaction import RedactSecrets, redact

CASES = [
    ("Authorization: Bearer 00D5e000000AbCd!AQEAQ.x_y", "Authorization: Bearer [redacted]"),
    ("{'Authorization': 'Bearer abcdefgh12345'}", "{'Authorization': 'Bearer [redacted]'}"),
    ("authorization=abc123", "authorization=[redacted]"),
    ("token pat-eu1-12ab34cd-0000-4000-8000-123456789abc was refused", "token [redacted] was refused"),
    (
        "refresh_token=5Aep861.abc&grant_type=refresh_token",
        "refresh_token=[redacted]&grant_type=refresh_token",
    ),
    ("client_secret=s3cr3t&client_id=3MVG9", "client_secret=[redacted]&client_id=3MVG9"),
    (
        "GET /api/crm/salesforce/callback?code=aPrx%3D%3D&state=xyz HTTP/1.1",
        "GET /api/crm/salesforce/callback?code=[redacted]&state=[redacted] HTTP/1.1",
    ),
    (
        '{"access_token": "00D!x", "instance_url": "https://a.my.salesforce.com"}',
        '{"access_token": "[redacted]", "instance_url": "https://a.my.salesforce.com"}',
    ),
    ("session 00D5e000000AbCdEAK!AQEAQ.abc_def ended", "session [redacted] ended"),
    ("status code: 200, state: running", "status code: 200, state: running"),
    (
        "Connected to HubSpot. 12 deals, error code=INVALID_SESSION_ID",
        "Connected to HubSpot. 12 deals, error code=[redacted]",
    ),
]


@pytest.mark.parametrize(("line", "expected"), CASES)
def test_redact(line: str, expected: str) -> None:
    assert redact(line) == expected


def test_traceback_in_the_log_is_redacted() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactSecrets())
    logger = logging.Logger("test")
    logger.addHandler(handler)

    try:
        raise ValueError("client_secret=s3cr3t refused")
    except ValueError:
        logger.exception("Call with %s failed", "refresh_token=5Aep861")

    assert stream.getvalue().startswith("Call with refresh_token=[redacted] failed\nTraceback")
    assert stream.getvalue().endswith("ValueError: client_secret=[redacted] refused\n")


def test_every_handler_redacts() -> None:
    configuration: dict[str, Any] = settings.LOGGING

    assert all("redact" in handler["filters"] for handler in configuration["handlers"].values())
    assert configuration["filters"]["redact"] == {"()": "fincelo.redaction.RedactSecrets"}
