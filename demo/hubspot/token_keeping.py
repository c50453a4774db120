"""The access tokens of a portal: issued, rotated, revoked, and what each may do."""

import uuid
from dataclasses import replace
from datetime import timedelta

from demo.hubspot.access_refusals import FORBIDDEN
from demo.hubspot.portal_base import FIRST_USER_ID, PortalBase
from demo.hubspot.records import AccessToken
from demo.hubspot.scopes import RECOMMENDED_SCOPES

FIRST_APP_ID = 7654321
GRACE = timedelta(days=7)
CREATOR_REMOVED = "creator removed"


class TokenKeeping(PortalBase):
    def issue_token(self, *, scopes: tuple[str, ...] = RECOMMENDED_SCOPES) -> str:
        with self.lock:
            app_id = max((token.app_id + 1 for token in self.tokens.values()), default=FIRST_APP_ID)
            value = self._new_value()
            self._keep(AccessToken(value=value, scopes=scopes, user_id=FIRST_USER_ID, app_id=app_id))
            return value

    def valid_token(self, value: str) -> AccessToken | None:
        token = self.tokens.get(value)
        return None if token and token.ends_at and token.ends_at <= self.clock() else token

    def rotate_token(self, value: str, *, at_once: bool) -> str:
        """A new token of the same app; the old one ends at once, or in a week. Whoever rotates it becomes its
        creator, which cures the refusals for a creator who has left."""
        with self.lock:
            old = self.tokens[value]
            left = {family: reason for family, reason in old.forbidden.items() if reason != CREATOR_REMOVED}
            new = replace(old, value=self._new_value(), ends_at=None, expired_at=None, forbidden=left)
            if at_once:
                self.revoke_token(value)
            else:
                self._keep(replace(old, ends_at=self.clock() + GRACE))
            self._keep(new)
            return new.value

    def revoke_token(self, value: str) -> None:
        with self.lock:
            del self.tokens[value]
            self.note_change("token", value)

    def expire_token(self, value: str) -> None:
        """As one of OAuth does: it is refused with the moment at which it expired."""
        with self.lock:
            self._keep(replace(self.tokens[value], expired_at=self.clock()))

    def change_scopes(self, value: str, scopes: tuple[str, ...]) -> None:
        with self.lock:
            self._keep(replace(self.tokens[value], scopes=scopes))

    def remove_creator(self, value: str) -> None:
        """Association calls are the first to be refused then."""
        self.forbid(value, family="associations", reason=CREATOR_REMOVED)

    def forbid(self, value: str, *, family: str, reason: str) -> None:
        """403 for a family of calls (deals, companies, contacts, line_items, associations, pipelines,
        properties, owners, account), with the body of a reason in `access_refusals`."""
        with self.lock:
            if reason not in FORBIDDEN:
                raise ValueError(f"{reason} is none of {', '.join(FORBIDDEN)}")
            token = self.tokens[value]
            self._keep(replace(token, forbidden={**token.forbidden, family: reason}))

    def allow(self, value: str, *, family: str) -> None:
        with self.lock:
            token = self.tokens[value]
            left = {name: reason for name, reason in token.forbidden.items() if name != family}
            self._keep(replace(token, forbidden=left))

    def _keep(self, token: AccessToken) -> None:
        self.tokens[token.value] = token
        self.note_change("token", token.value)

    def _new_value(self) -> str:
        return f"pat-{self.data_centre}-{uuid.UUID(int=self.random.getrandbits(128), version=4)}"
