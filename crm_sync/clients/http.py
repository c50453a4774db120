"""The one HTTP seam: deadlines, retries, size limits, host rules and the count of calls."""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests

from crm_sync.errors import ConfigError, TransientError

CONNECT_SECONDS = 5
READ_SECONDS = 30
DEADLINE_SECONDS = 60
BODY_LIMIT = 20 * 1024 * 1024
TRIES = 3
CHUNK = 64 * 1024
RETRIABLE_STATUSES = frozenset({406, 420, 423, 429, 500, 502, 503, 504, 521, 522, 523, 524, 525, 526})
LONGEST_WAIT_SECONDS = 20.0

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer that was read to its end within the deadline."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body[:2000].decode("utf-8", "replace").strip()

    def json_or_none(self) -> Json:
        """The body as JSON with every fraction a Decimal, or None when it is no JSON. Never raises."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=refuse_constant)
        except (ValueError, RecursionError):
            return None

    def json_object(self) -> dict[str, Json]:
        """The body of a success, which has to be a JSON object."""
        value = self.json_value()
        if not isinstance(value, dict):
            raise self.unusable("a JSON value that is no object")
        return value

    def json_value(self) -> Json:
        kind = self.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise self.unusable(f"{kind or 'nothing'} instead of JSON")
        value = self.json_or_none()
        if value is None:
            raise self.unusable("a body that is no valid JSON")
        return value

    def unusable(self, what: str) -> TransientError:
        return TransientError(
            f"{self.host} answered {self.status} with {what}.",
            next_step="The next poll tries again. If it goes on, check that the address is right.",
            code="UNUSABLE_ANSWER",
            status=self.status,
        )


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


class Transport:
    """Sends requests to the allowed origins of one provider. One per thread: it keeps connections alive.

    `is_allowed` decides on the origin (`https://host`) of every single call, `attempts` counts them.
    """

    def __init__(
        self,
        *,
        is_allowed: Callable[[str], bool],
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_allowed = is_allowed
        self.pause = pause
        self.clock = clock
        self.calls = 0
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.max_redirects = 0

    def send(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: Json = None,
        retry: bool = True,
    ) -> Answer:
        """One call, repeated with growing pauses while the failure is a passing one.

        Returns any answer that is not retriable, errors included; raises TransientError when the tries are
        used up and ConfigError when the address is not allowed or its certificate is not to be trusted.
        """
        origin = origin_of(url)
        if not self.is_allowed(origin):
            raise ConfigError(
                f"Fincelo does not call {origin}: it is not an address of this CRM.",
                next_step="Check the address of the connection.",
                code="HOST_NOT_ALLOWED",
            )
        tries = TRIES if retry else 1
        for attempt in range(1, tries + 1):
            try:
                answer = self.attempt(
                    method=method, url=url, headers=headers, params=params, form=form, body=body
                )
            except TransientError:
                if attempt == tries:
                    raise
                self.pause(backoff(attempt))
                continue
            if answer.status not in RETRIABLE_STATUSES or attempt == tries:
                return answer
            wait = retry_after(answer.headers)
            if wait is not None and wait > LONGEST_WAIT_SECONDS:
                return answer
            self.pause(wait if wait is not None else backoff(attempt))
        raise AssertionError("unreachable")

    def attempt(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        body: Json,
    ) -> Answer:
        host = urlsplit(url).hostname or ""
        ends_at = self.clock() + DEADLINE_SECONDS
        self.calls += 1
        try:
            with self.session.request(
                method,
                url,
                headers=dict(headers or {}),
                params=dict(params) if params else None,
                data=dict(form) if form is not None else None,
                json=body,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self.read(response=response, host=host, ends_at=ends_at)
                return Answer(status=response.status_code, headers=response.headers, body=content, host=host)
        except requests.exceptions.SSLError as error:
            raise ConfigError(
                f"The certificate of {host} is not to be trusted.",
                next_step="Ask whoever runs your network; Fincelo never skips this check.",
                code="CERTIFICATE",
            ) from error
        except (requests.exceptions.RequestException, OSError) as error:
            raise TransientError(
                f"{host} could not be reached ({type(error).__name__}).",
                next_step="The next poll tries again.",
                code="UNREACHABLE",
            ) from error

    def read(self, *, response: requests.Response, host: str, ends_at: float) -> bytes:
        """Reads the decoded body against our own clock: a slow drip defeats the timeout of requests."""
        parts, size = [], 0
        for part in response.iter_content(CHUNK):
            parts.append(part)
            size += len(part)
            if size > BODY_LIMIT:
                raise TransientError(
                    f"{host} sent more than {BODY_LIMIT // 1024 // 1024} MiB in one answer.",
                    next_step="The next poll tries again with what is stored so far.",
                    code="BODY_TOO_LARGE",
                )
            if self.clock() > ends_at:
                raise TransientError(
                    f"{host} took longer than {DEADLINE_SECONDS} seconds.",
                    next_step="The next poll tries again.",
                    code="DEADLINE",
                )
        return b"".join(parts)


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks us to wait; None when it does not say or says nonsense."""
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 8 else None


def backoff(attempt: int) -> float:
    return random.uniform(0.2, 1.0) * 2 ** (attempt - 1)  # noqa: S311  jitter, not a secret


def is_https_host(origin: str, *, hosts: Sequence[str], suffixes: Sequence[str]) -> bool:
    """Whether an origin is https on one of the hosts, or on a label below one of the suffixes (".x.com")."""
    parts = urlsplit(origin)
    host = (parts.hostname or "").rstrip(".")
    clean = origin in (f"https://{host}", f"https://{host}:443")
    return clean and (host in hosts or any(host.endswith(suffix) and host != suffix for suffix in suffixes))
