import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from demo.salesforce import snapshot
from demo.salesforce.org import Org
from demo.salesforce.state_file import StateFile
from tests.demo.salesforce.visitor import StoppedClock


def test_restart_keeps_deals_and_tokens(org: Org, tmp_path: Path, clock: StoppedClock) -> None:
    org.add_won_deals(5)
    org.delete(str(org.records("Opportunity")[0]["Id"]))
    org.hide_field("Opportunity", "Amount")
    issued = org.connect()
    path = tmp_path / "salesforce.json"
    StateFile(path=path, org=org).save()

    other = Org(seed=7, clock=clock)
    loaded = StateFile(path=path, org=other).load()

    access = other.grants.authenticate(issued.access_token)
    assert loaded
    assert snapshot.take(other) == snapshot.take(org)
    assert access
    assert access.approval.refresh_token == issued.refresh_token
    assert other.app.consumer_key == org.app.consumer_key
    assert other.add("Opportunity", Name="Next") not in {row["Id"] for row in org.records("Opportunity")}


def test_file_of_an_earlier_version_lacks_what_came_later(org: Org, clock: StoppedClock) -> None:
    org.add_won_deals(1)
    kept = snapshot.take(org)
    del kept["deleted_at"], kept["tables"]["Contact"], kept["numbers"]["Contact"]

    other = Org(seed=7, clock=clock)
    snapshot.restore(other, kept)

    assert other.records("Contact") == []
    assert other.record(other.add("Contact", LastName="Zed"))["Name"] == "Zed"
    assert other.records("Opportunity") == org.records("Opportunity")


def test_nothing_to_load(org: Org, tmp_path: Path) -> None:
    assert not StateFile(path=tmp_path / "none.json", org=org).load()


def test_file_is_private_and_written_only_after_changes(org: Org, tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "salesforce.json"
    state = StateFile(path=path, org=org)
    state.save()
    first = path.stat()

    state.save()

    assert (path.stat().st_ino, oct(first.st_mode)) == (first.st_ino, "0o100600")


@pytest.mark.slow
def test_process_starts_serves_and_stops(tmp_path: Path) -> None:
    path = tmp_path / "salesforce.json"
    command = [sys.executable, "-m", "demo.salesforce", "--state", str(path), "--deals", "10"]
    process = subprocess.Popen(
        [*command, "--callback-url", "http://127.0.0.1:8000/a", "--callback-url", "http://localhost:8000/a"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        url = process.stdout.readline().split(",")[0].removeprefix("Simulated Salesforce at ")
        text = requests.get(f"{url}/setup", timeout=5).text
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=10)

    kept = json.loads(path.read_text())
    assert code == 0
    assert "http://localhost:8000/a" in text
    assert len(kept["tables"]["Opportunity"]) == 70
