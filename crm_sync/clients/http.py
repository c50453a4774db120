"""The one HTTP seam: deadlines, retries, size limits, host rules and the count of calls."""

import json
import random
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from crm_sync.errors import ConfigError, SyncError, TransientError

CONNECT_SECONDS = 5
READ_SECONDS = 30
DEADLINE_SECONDS = 60
BODY_LIMIT = 20 * 1024 * 1024
BODY_TOO_LARGE = "BODY_TOO_LARGE"
OUT_OF_TIME = "OUT_OF_TIME"
TRIES = 3
SILENCE_PAUSE_SECONDS = 120.0
"""After a call without an answer the connection is left alone so long, and longer each time it continues."""
NOT_AGAIN = frozenset({BODY_TOO_LARGE, OUT_OF_TIME, "SILENT", "DEADLINE"})
"""Failures that took their time, or that come again: a second try would only keep others waiting."""
CHUNK = 64 * 1024
RETRIABLE_STATUSES = frozenset({406, 420, 423, 429, 500, 502, 503, 504, 521, 522, 523, 524, 525, 526})
LONGEST_WAIT_SECONDS = 20.0
LEFT_ALONE = "Fincelo leaves it alone for some minutes and then asks again automatically."
LONGEST_NUMBER = 100
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")

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
            return json.loads(
                self.body,
                parse_float=read_fraction,
                parse_constant=refuse_constant,
                object_pairs_hook=read_object,
            )
        except (ValueError, RecursionError):
            return None

    def json_object(self) -> dict[str, Json]:
        """The body of a success, which has to be a JSON object."""
        value = self.json_value()
        if not isinstance(value, dict):
            raise self.unusable("a JSON value that is no object")
        return value

    def objects(self, key: str) -> list[dict[str, Json]]:
        """The list of JSON objects that the body has under `key`."""
        return self.objects_in(self.json_object(), key)

    def objects_in(self, body: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
        """The same for a body that was read already: reading a large one twice is felt."""
        entries = body.get(key)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self.unusable(f"no list of {key}")
        return entries

    def json_value(self) -> Json:
        kind = self.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise self.unusable(f"{kind or 'nothing'} instead of JSON")
        value = self.json_or_none()
        if value is None:
            raise self.unusable("a body that is no valid JSON")
        return value

    @property
    def sent_at(self) -> datetime | None:
        """The server's own clock, where it tells it."""
        return http_date(self.headers.get("Date", ""))

    def clock(self) -> datetime:
        """The same where it is needed: without the server's clock there is no safe end of a window."""
        if self.sent_at is None:
            raise self.unusable("no date in its headers")
        return self.sent_at

    def unusable(self, what: str) -> TransientError:
        return TransientError(
            f"{self.host} answered {self.status} with {what}.",
            next_step="The next poll tries again. If it continues, check that the address is right.",
            code="UNUSABLE_ANSWER",
            status=self.status,
        )


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def read_fraction(text: str) -> Decimal | str:
    """The exact number. One beyond all measure stays text: it concerns one deal, not the whole answer."""
    try:
        return Decimal(text) if len(text) <= LONGEST_NUMBER else text
    except InvalidOperation:
        return text


def read_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Two values under one name: nobody can tell which of them is meant."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice in one JSON object")
    return value


class PlainSession(requests.Session):
    """Looks at no redirect: to be ready to follow one, requests reads its body whatever its size."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


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
        self.may_call: Callable[[], bool] = lambda: True
        """Asked before each call. A CRM whose pages have no end keeps a run no longer than it may take."""
        self.session = PlainSession()
        self.session.trust_env = False

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
            except TransientError as error:
                if attempt == tries or error.code in NOT_AGAIN:
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
        if not self.may_call():
            raise out_of_time(host)
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
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            raise failure_of(error, host=host) from error

    def read(self, *, response: requests.Response, host: str, ends_at: float) -> bytes:
        """Reads the decoded body against our own clock: a slow drip defeats the timeout of requests.

        `read1` returns with what has arrived; `iter_content` would wait for a full chunk.
        """
        parts, size = [], 0
        while part := response.raw.read1(CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > BODY_LIMIT:
                raise TransientError(
                    f"{host} sent more than {BODY_LIMIT // 1024 // 1024} MiB in one answer.",
                    next_step="The next poll tries again with what is stored so far.",
                    code=BODY_TOO_LARGE,
                )
            if self.clock() > ends_at:
                raise TransientError(
                    f"{host} took longer than {DEADLINE_SECONDS} seconds to answer.",
                    next_step=LEFT_ALONE,
                    code="DEADLINE",
                    retry_after=SILENCE_PAUSE_SECONDS,
                    grows=True,
                )
        return b"".join(parts)


def out_of_time(host: str) -> TransientError:
    return TransientError(
        f"{host} did not get to the end of a page within the time of a run.",
        next_step="The next poll continues from the last page that was stored.",
        code=OUT_OF_TIME,
    )


def failure_of(error: Exception, *, host: str) -> SyncError:
    """What a call that got no answer means. Most pass; a certificate or a token may need a person."""
    if is_certificate_error(error):
        return ConfigError(
            f"The certificate of {host} is not to be trusted.",
            next_step="Ask whoever runs your network; Fincelo never skips this check.",
            code="CERTIFICATE",
        )
    if isinstance(error, requests.exceptions.InvalidHeader | UnicodeError):
        return ConfigError(
            "The access token has characters in it that no token has.",
            next_step="Copy it again, the whole of it and nothing else.",
            code="BAD_TOKEN",
        )
    if isinstance(error, requests.ReadTimeout | urllib3.exceptions.ReadTimeoutError | TimeoutError):
        return TransientError(
            f"{host} accepted the call and did not answer within {READ_SECONDS} seconds.",
            next_step=LEFT_ALONE,
            code="SILENT",
            retry_after=SILENCE_PAUSE_SECONDS,
            grows=True,
        )
    return TransientError(
        f"{host} could not be reached ({type(error).__name__}).",
        code="UNREACHABLE",
    )


def is_certificate_error(error: BaseException | None) -> bool:
    """Whether a refused certificate lies at the bottom of it; other trouble with TLS passes."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def origin_of(url: str) -> str:
    """`https://host` of an address; empty for a text that is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks us to wait; None when it does not say or says nonsense."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value) if len(value) < 8 else None
    until, sent_at = http_date(value), http_date(headers.get("Date", ""))
    return max(0.0, (until - sent_at).total_seconds()) if until and sent_at else None


def http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def backoff(attempt: int) -> float:
    return random.uniform(0.2, 1.0) * 2.0 ** (attempt - 1)  # noqa: S311  jitter, not a secret


def is_https_host(origin: str, *, hosts: Sequence[str], suffixes: Sequence[str]) -> bool:
    """Whether an origin is https on one of the hosts, or on a label below one of the suffixes (".x.com").

    The whole text has to be a plain host name. URL parsers disagree on the rest: in "https://evil.com\\.x.com"
    one sees a host below x.com and another connects to evil.com.
    """
    host = origin.removeprefix("https://").removesuffix(":443")
    clean = origin in (f"https://{host}", f"https://{host}:443") and HOST_NAME.fullmatch(host) is not None
    return clean and (host in hosts or host.endswith(tuple(suffixes)))
