from pathlib import Path

from demo.hubspot import storage
from demo.hubspot.demo_data import fill
from demo.hubspot.portal import Portal
from tests.demo.hubspot.caller import StoppedClock


def test_restart_finds_everything_again(portal: Portal, clock: StoppedClock, tmp_path: Path) -> None:
    fill(portal, seed=1)
    first, second = list(portal.objects["deals"].records)[:2]
    portal.merge_deals(first, second)
    path = tmp_path / "portal.json"

    storage.save(portal, path=path)
    again = Portal(clock=clock, portal_id=1)
    storage.load(again, path=path)

    assert again.portal_id == portal.portal_id
    assert again.tokens == portal.tokens
    assert again.owners == portal.owners
    assert again.associations.rows() == portal.associations.rows()
    for name, store in portal.objects.items():
        assert again.objects[name].records == store.records
        assert again.objects[name].aliases == store.aliases


def test_only_the_owner_can_read_it(portal: Portal, tmp_path: Path) -> None:
    path = tmp_path / "portal.json"

    storage.save(portal, path=path)

    assert (path.stat().st_mode & 0o777, [file.name for file in tmp_path.iterdir()]) == (
        0o600,
        ["portal.json"],
    )
