"""One call of HubSpot's API: paced, repeated while the failure passes, and slow to call a token dead."""

import logging
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from crm_sync.clients.http import NOT_AGAIN, TRIES, Answer, Transport, backoff
from crm_sync.clients.hubspot.errors import error_of, wait_before_retry
from crm_sync.clients.hubspot.pace import Pace
from crm_sync.errors import ConfigError, SyncError, TransientError

INTROSPECTION = "/oauth/v2/private-apps/get/access-token-info"
SECOND_LOOK_SECONDS = 2.0
REFUSED_TOKEN = (401, 530)
"""Seen to pass: a token counts as dead when it is refused once more a little later."""
SIDE_CALLS = re.compile(r"/crm/(v3/owners|owners/|associations/|v4/associations/).*")
"""Calls whose refusal is no proof that the token is dead."""
DENIALS = (400, 401, 403, 404)
"""With a JSON object as its body HubSpot's own word that a token is of no use."""
HUBLET = re.compile(r"[a-z]{2}\d")
log = logging.getLogger(__name__)
Body = dict[str, Any]


class TokenVerdict(Enum):
    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"


class HubSpotCalls:
    """Sends requests with one access token, to the data centre that has the portal."""

    def __init__(self, *, transport: Transport, base_url: str, access_token: str) -> None:
        self.transport = transport
        self.base_url = base_url
        self.access_token = access_token
        self.time_zone = "UTC"
        """Of the portal, whose midnight ends a daily limit."""
        self.pace = Pace(clock=transport.clock, pause=transport.pause)
        self.has_moved = False

    def get(self, path: str, *, params: Mapping[str, str] | None = None) -> Answer:
        return self.send(method="GET", path=path, params=params)

    def post(self, path: str, *, body: Body, params: Mapping[str, str] | None = None) -> Answer:
        return self.send(method="POST", path=path, params=params, body=body)

    def send(
        self, *, method: str, path: str, params: Mapping[str, str] | None = None, body: Body | None = None
    ) -> Answer:
        """The answer of a call that went well; raises what any other means."""
        answer = self.call(method=method, path=path, params=params, body=body)
        if self.moves(answer):
            answer = self.call(method=method, path=path, params=params, body=body)
        if answer.status in REFUSED_TOKEN:
            self.transport.pause(SECOND_LOOK_SECONDS)
            answer = self.call(method=method, path=path, params=params, body=body)
        if answer.is_success:
            return answer
        raise self.refusal(answer, path=path)

    def call(self, *, method: str, path: str, params: Mapping[str, str] | None, body: Body | None) -> Answer:
        """All calls only read, so that each may be repeated, after the pause its refusal asks for."""
        for attempt in range(1, TRIES + 1):
            self.pace.wait_for(path)
            try:
                answer = self.transport.send(
                    method=method,
                    url=self.base_url + path,
                    params=params,
                    body=body,
                    headers={"Authorization": f"Bearer {self.access_token}", "Accept": "application/json"},
                    retry=False,
                )
            except TransientError as error:
                if attempt == TRIES or error.code in NOT_AGAIN:
                    raise
                self.transport.pause(backoff(attempt))
                continue
            self.pace.heed(answer.headers)
            wait = wait_before_retry(answer, attempt=attempt)
            if wait is None or attempt == TRIES:
                return answer
            self.transport.pause(wait)
        raise AssertionError("unreachable")

    def moves(self, answer: Answer) -> bool:
        """Whether HubSpot names another data centre, which then gets this call and all that follow."""
        hublet = "" if answer.is_success else correct_hublet(answer)
        origin = f"https://api-{hublet}.hubapi.com"
        if not hublet or self.has_moved or not self.transport.is_allowed(origin):
            return False
        log.info("HubSpot has the portal in its data centre %s.", hublet)
        self.base_url, self.has_moved = origin, True
        return True

    def refusal(self, answer: Answer, *, path: str) -> SyncError:
        correlation = answer.headers.get("X-HubSpot-Correlation-Id", "")[:60]
        log.warning("HubSpot refused %s with %s, correlation id %r.", path, answer.status, correlation)
        error = error_of(answer, time_zone=self.time_zone)
        if not isinstance(error, ConfigError) or not error.breaks or path == INTROSPECTION:
            return error
        verdict = self.verdict_on_token()
        if verdict is TokenVerdict.DEAD:
            return error
        if verdict is TokenVerdict.ALIVE and SIDE_CALLS.match(path):
            return refused_beside(answer)
        return refused_for_now(answer)

    def verdict_on_token(self) -> TokenVerdict:
        """What HubSpot says of the token itself. https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview"""
        answer = self.call(
            method="POST", path=INTROSPECTION, params=None, body={"tokenKey": self.access_token}
        )
        if answer.is_success:
            return TokenVerdict.ALIVE
        is_named = answer.status in DENIALS and isinstance(answer.json_or_none(), dict)
        return TokenVerdict.DEAD if is_named else TokenVerdict.UNKNOWN


def correct_hublet(answer: Answer) -> str:
    """The data centre that a refusal names as the right one. Anything but a plain name is none."""
    body = answer.json_or_none()
    named = body.get("correctHublet") if isinstance(body, dict) else None
    return named if isinstance(named, str) and HUBLET.fullmatch(named) else ""


def refused_for_now(answer: Answer) -> TransientError:
    return TransientError(
        "HubSpot refused a call without saying that the access token is dead.",
        code="REFUSED_FOR_NOW",
        status=answer.status,
    )


def refused_beside(answer: Answer) -> ConfigError:
    return ConfigError(
        "HubSpot refuses this call, although it knows the access token.",
        next_step="Have a HubSpot super admin check the token's scopes, or rotate it and paste the new one.",
        code="REFUSED_BESIDE",
        status=answer.status,
    )
