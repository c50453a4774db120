"""The state of a simulated HubSpot account, and the note of what has changed in it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from demo.hubspot.associations import Associations
from demo.hubspot.line_item_properties import line_item_properties
from demo.hubspot.object_store import ObjectStore
from demo.hubspot.options import AccountState, Habits, Limits
from demo.hubspot.pipelines import Audit, Pipeline, standard_pipelines
from demo.hubspot.property_definitions import Property
from demo.hubspot.records import AccessToken, Owner, Source
from demo.hubspot.standard_properties import company_properties, contact_properties, deal_properties
from demo.hubspot.timestamps import now
from demo.hubspot.usage import Usage

FIRST_IDS = {
    "deals": 479475667160,
    "companies": 442222359747,
    "contacts": 401193882065,
    "line_items": 510044271903,
}
FIRST_USER_ID = 9586504
ADMIN = Source(type="CRM_UI", id=f"userId:{FIRST_USER_ID}", user_id=FIRST_USER_ID)


class PortalBase:
    """Hold `lock` while reading several things that must agree; every method of a portal takes it itself."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = now,
        portal_id: int = 48211907,
        time_zone: str = "US/Eastern",
        company_currency: str = "USD",
        ui_domain: str = "app.hubspot.com",
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.portal_id = portal_id
        self.time_zone = time_zone
        self.company_currency = company_currency
        self.ui_domain = ui_domain
        self.account_type = "STANDARD"
        self.random = Random(seed)
        self.lock = threading.RLock()

        self.limits = Limits()
        self.state = AccountState()
        self.habits = Habits()
        self.search_lag = 0.0
        self._index_lag = timedelta(0)
        self.association_page_size = 500
        self.api_versions = {"2026-09", "2026-03", "v3", "v4"}

        self.usage = Usage()
        self.tokens: dict[str, AccessToken] = {}
        self.owners: dict[str, Owner] = {}
        self.objects = {name: ObjectStore() for name in FIRST_IDS}
        self.associations = Associations()
        self.pipelines: list[Pipeline] = standard_pipelines()
        self.audits: list[Audit] = []
        self.properties: dict[str, dict[str, Property]] = {
            "deals": by_name(deal_properties(self.pipelines)),
            "companies": by_name(company_properties()),
            "contacts": by_name(contact_properties()),
            "line_items": by_name(line_item_properties()),
        }
        self.unsaved: set[tuple[str, str]] = set()
        self._source = ADMIN

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def data_centre(self) -> str:
        """`na1` unless the address of the pages names another."""
        return self.ui_domain.removesuffix(".hubspot.com").partition("-")[2] or "na1"

    def note_change(self, section: str, key: str = "") -> None:
        """What the state file has to write next."""
        with self.lock:
            self.unsaved.add((section, key))

    @contextmanager
    def written_by(self, source: Source) -> Iterator[None]:
        """Holds the lock; changes made meanwhile carry this source in their history."""
        with self.lock:
            before, self._source = self._source, source
            try:
                yield
            finally:
                self._source = before

    def lock_account(self, *, seconds: float) -> None:
        """423 until then, as during a large sync."""
        with self.lock:
            self.state.locked_until = self.clock() + timedelta(seconds=seconds)
            self.note_change("settings")

    def move_account(self, *, seconds: float) -> None:
        """477 until then, as during a move between data centres."""
        with self.lock:
            self.state.moving_until = self.clock() + timedelta(seconds=seconds)
            self.note_change("settings")


def by_name(properties: list[Property]) -> dict[str, Property]:
    return {prop.name: prop for prop in properties}


def modified_property(object_type: str) -> str:
    return "lastmodifieddate" if object_type == "contacts" else "hs_lastmodifieddate"


def merged_ids(properties: Mapping[str, Any]) -> list[str]:
    return [part for part in (properties.get("hs_merged_object_ids") or "").split(";") if part]
