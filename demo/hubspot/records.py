"""What a portal holds: records never change in place, a change is a new value under the same id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from demo.hubspot.timestamps import write_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who writes: a person in the CRM's own pages, or an app through the API."""

    type: Literal["CRM_UI", "INTEGRATION"]
    id: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The values written at one moment."""

    at: datetime
    values: Mapping[str, str | None]
    source: Source

    def version(self, name: str) -> dict[str, Any]:
        version: dict[str, Any] = {
            "value": self.values[name] or "",
            "timestamp": write_moment(self.at),
            "sourceType": self.source.type,
            "sourceId": self.source.id,
        }
        if self.source.user_id is not None:
            version["updatedByUserId"] = self.source.user_id
        return version


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A deal, company, contact or line item. `keys` caches what the search compares."""

    id: str
    properties: Mapping[str, str | None]
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None
    changes: tuple[Change, ...] = ()
    keys: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def versions(self, name: str) -> Iterator[dict[str, Any]]:
        """A property's values, the newest first."""
        for change in reversed(self.changes):
            cleared = name in change.values and change is not self.changes[0]
            if cleared or change.values.get(name) is not None:
                yield change.version(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    id: str
    name: str
    primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    id: str
    email: str | None
    first_name: str
    last_name: str
    user_id: int | None
    created_at: datetime
    updated_at: datetime
    kind: Literal["PERSON", "QUEUE"] = "PERSON"
    archived: bool = False
    teams: tuple[Team, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or self.id

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": self.id,
            "email": self.email,
            "type": self.kind,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "userId": None if self.archived else self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": write_moment(self.created_at),
            "updatedAt": write_moment(self.updated_at),
            "archived": self.archived,
            "teams": [{"id": team.id, "name": team.name, "primary": team.primary} for team in self.teams],
        }
        absent = [name for name in ("email", "teams") if not body[name]]
        return {name: value for name, value in body.items() if name not in absent}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """`ends_at` is set on one that was rotated, `expired_at` on one that says it has expired. `forbidden`
    names families of calls that are refused whatever the scopes, each with the reason."""

    value: str
    scopes: tuple[str, ...]
    user_id: int
    app_id: int
    ends_at: datetime | None = None
    expired_at: datetime | None = None
    forbidden: Mapping[str, str] = field(default_factory=dict)
