import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from demo.hubspot import state_entries
from demo.hubspot.demo_data import fill
from demo.hubspot.portal import Portal
from demo.hubspot.state_file import StateFile
from tests.demo.hubspot.caller import StoppedClock


def lived_in(portal: Portal) -> None:
    """A portal in which everything that can be kept has happened."""
    fill(portal, seed=1)
    first, second, third, fourth = list(portal.objects["deals"].records)[:4]
    portal.merge_deals(first, second)
    portal.archive_deal(third)
    portal.delete_for_good("deals", fourth)
    portal.add_line_item(portal.add_deal(dealname="Itemised"), price="5")
    portal.rename_stage("contractsent", "Signed")
    portal.delete_stage("11348542")
    token = next(iter(portal.tokens))
    portal.rotate_token(token, at_once=False)
    portal.remove_creator(token)
    portal.move_account(seconds=60)
    portal.limits.enforced = True
    portal.search_lag = 90


def parts(portal: Portal) -> dict[tuple[str, str], object]:
    """Without what is empty or gone: a restart knows nothing of it."""
    entries = state_entries.everything(portal)
    return {(section, key): value for section, key, value in entries if value not in (None, {})}


def again(clock: StoppedClock, path: Path) -> Portal:
    portal = Portal(clock=clock, portal_id=1)
    assert StateFile(path=path, portal=portal).load()
    return portal


def test_restart_finds_everything_again(portal: Portal, clock: StoppedClock, tmp_path: Path) -> None:
    path = tmp_path / "portal.json"
    lived_in(portal)

    StateFile(path=path, portal=portal).rewrite()

    assert parts(again(clock, path)) == parts(portal)


def test_changes_are_added_line_by_line(portal: Portal, clock: StoppedClock, tmp_path: Path) -> None:
    path = tmp_path / "portal.json"
    state = StateFile(path=path, portal=portal)
    fill(portal, seed=1)
    state.rewrite()
    before = len(path.read_text().splitlines())
    deal_id = portal.add_deal(dealname="New", dealstage="contractsent")

    state.save()
    portal.close_won(deal_id)
    state.save()
    state.save()

    assert len(path.read_text().splitlines()) == before + 2
    assert parts(again(clock, path)) == parts(portal)


def test_changes_of_every_kind_are_added(portal: Portal, clock: StoppedClock, tmp_path: Path) -> None:
    path = tmp_path / "portal.json"
    state = StateFile(path=path, portal=portal)
    state.rewrite()

    lived_in(portal)
    state.save()

    assert parts(again(clock, path)) == parts(portal)


def test_line_that_was_cut_short(portal: Portal, clock: StoppedClock, tmp_path: Path) -> None:
    path = tmp_path / "portal.json"
    state = StateFile(path=path, portal=portal)
    state.rewrite()
    portal.add_deal(dealname="First")
    state.save()
    whole = path.read_text()
    portal.add_deal(dealname="Second")
    state.save()

    path.write_text(path.read_text()[: len(whole) + 60])

    names = [deal.properties["dealname"] for deal in again(clock, path).objects["deals"].records.values()]
    assert names == ["First"]


def test_file_of_another_kind(portal: Portal, tmp_path: Path) -> None:
    path = tmp_path / "portal.json"
    path.write_text('{"portal_id": 1}')

    assert StateFile(path=path, portal=portal).load() is False


def test_only_the_owner_can_read_it(portal: Portal, tmp_path: Path) -> None:
    state = StateFile(path=tmp_path / "portal.json", portal=portal)

    state.start()
    portal.add_deal()
    state.stop()

    files = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert files == {"portal.json": 0o600}
    assert "deals" in (tmp_path / "portal.json").read_text().splitlines()[-1]


def test_one_change_among_many_deals_costs_one_line(portal: Portal, tmp_path: Path) -> None:
    path = tmp_path / "portal.json"
    state = StateFile(path=path, portal=portal)
    deals = portal.add_won_deals(500)
    state.rewrite()
    before = path.stat().st_size
    portal.update_deal(deals[7], amount="1")

    state.save()

    assert path.stat().st_size - before < 4_000 < before // 100


@pytest.mark.slow
def test_process_that_is_told_to_stop_keeps_the_last_change(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo.hubspot", "--state", str(tmp_path / "portal.json")]
    found = []
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
            assert process.stdout
            url = process.stdout.readline().split()[-1]
            page = requests.get(url, params={"q": "New from a form"}, timeout=5).text
            found.append("1 deal," in page)
            requests.post(f"{url}/deals/new", data={"dealname": "New from a form"}, timeout=5)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0

    assert found == [False, True]
