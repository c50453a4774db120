"""Fincelo's own connections to the simulated CRMs, for the tests that hold a referee against them."""

from pathlib import Path

import pytest

from tests.crm_sync.conftest import (  # noqa: F401  fixtures
    hubspot,
    hubspot_server,
    org,
    portal,
    run,
    salesforce,
    salesforce_server,
)
from tests.referees.jsforce_process import NotHere, installed


@pytest.fixture(scope="session")
def modules() -> Path:
    """jsforce and what it needs; without node, or without a way to npm, its tests are skipped."""
    try:
        return installed()
    except NotHere as reason:
        pytest.skip(str(reason))
