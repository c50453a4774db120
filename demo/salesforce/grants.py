"""Apps, codes and tokens of the org, and the rules by which Salesforce gives and takes them."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock

CODE_LIFE = timedelta(minutes=15)
APPROVALS_PER_USER_AND_APP = 5
IMPLIED_BY_FULL = frozenset(
    {"api", "chatter_api", "id", "profile", "email", "address", "phone", "openid", "web", "full"}
)
DATA_SCOPES = frozenset({"api", "full"})


class GrantRefused(Exception):
    """No token: `error` and `description` as Salesforce words them."""

    def __init__(self, error: str, description: str) -> None:
        self.error = error
        self.description = description
        super().__init__(f"{error}: {description}")


DEAD_TOKEN = ("invalid_grant", "expired access/refresh token")


@dataclass(slots=True, kw_only=True)
class App:
    """A connected app. `refuse_with`: an error code such as OAUTH_APP_BLOCKED that nobody gets past;
    `refuse_back_with`: one that the browser takes back to the callback.
    `run_as`: the user of the client credentials flow, which is off without one. A refresh token ends
    `refresh_seconds` after the consent, or when it was not used for `refresh_idle_seconds`."""

    name: str
    consumer_key: str
    consumer_secret: str
    callback_urls: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    require_pkce: bool = False
    rotate: bool = False
    refuse_with: str = ""
    refuse_back_with: str = ""
    run_as: str = ""
    refresh_seconds: float | None = None
    refresh_idle_seconds: float | None = None

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or ("full" in self.scopes and scope in IMPLIED_BY_FULL)


@dataclass(slots=True, kw_only=True)
class Code:
    consumer_key: str
    user_id: str
    redirect_uri: str
    scopes: list[str]
    challenge: str
    issued_at: datetime
    used: bool = False


@dataclass(slots=True, kw_only=True)
class Approval:
    """One user's consent to one app, and the chain of refresh tokens that came from it, the newest last."""

    consumer_key: str
    user_id: str
    scopes: list[str]
    refresh_tokens: list[str] = field(default_factory=list)
    revoked: bool = False
    granted_at: float = 0.0
    used_at: float = 0.0

    @property
    def refresh_token(self) -> str | None:
        return self.refresh_tokens[-1] if self.refresh_tokens else None


@dataclass(slots=True, kw_only=True)
class Access:
    approval: Approval
    issued_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What an exchange or a refresh yields. `refresh_token` is None where Salesforce sends none."""

    access_token: str
    refresh_token: str | None
    scopes: list[str]
    user_id: str
    issued_at: datetime


class Grants:
    """`session_seconds`: life of an access token, sliding. `refresh_seconds`: how long a refresh takes."""

    def __init__(
        self,
        *,
        org_id: str,
        now: Callable[[], datetime],
        lock: RLock,
        is_active: Callable[[str], bool],
    ) -> None:
        self.apps: dict[str, App] = {}
        self.approvals: list[Approval] = []
        self.codes: dict[str, Code] = {}
        self.access: dict[str, Access] = {}
        self.session_seconds = 7200
        self.refresh_seconds = 0.05
        self.changes = 0
        self.org_id = org_id
        self._now = now
        self._lock = lock
        self._is_active = is_active
        self._in_progress: set[str] = set()

    def client(self, *, consumer_key: str, consumer_secret: str) -> App:
        app = self.apps.get(consumer_key)
        if app is None:
            raise GrantRefused("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(app.consumer_secret.encode(), consumer_secret.encode()):
            raise GrantRefused("invalid_client", "invalid client credentials")
        return app

    def has_approved(self, *, user_id: str, app: App, scopes: list[str]) -> bool:
        return any(
            approval.refresh_tokens and set(scopes) <= set(approval.scopes)
            for approval in self._live(user_id=user_id, consumer_key=app.consumer_key)
        )

    def issue_code(
        self, *, app: App, user_id: str, redirect_uri: str, scopes: list[str], challenge: str
    ) -> str:
        code = f"aPrx{_random_text(60)}=="
        with self._lock:
            self.codes[code] = Code(
                consumer_key=app.consumer_key,
                user_id=user_id,
                redirect_uri=redirect_uri,
                scopes=scopes,
                challenge=challenge,
                issued_at=self._now(),
            )
        return code

    def exchange(self, *, app: App, code: str, redirect_uri: str, verifier: str) -> Issued:
        """Redeems a code. From the first attempt by its app on, the code is spent."""
        with self._lock:
            known = self.codes.get(code)
            if known is None or known.consumer_key != app.consumer_key:
                raise GrantRefused("invalid_grant", "invalid authorization code")
            if known.used or self._now() - known.issued_at > CODE_LIFE:
                raise GrantRefused("invalid_grant", "expired authorization code")
            known.used = True
            if redirect_uri != known.redirect_uri:
                raise GrantRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
            if known.challenge and _challenge(verifier) != known.challenge:
                raise GrantRefused("invalid_grant", "invalid code verifier")
            return self.approve(app=app, user_id=known.user_id, scopes=known.scopes)

    def approve(self, *, app: App, user_id: str, scopes: list[str]) -> Issued:
        """Keeps the newest five consents of a user to an app; one more pushes the oldest out."""
        moment = self._now().timestamp()
        approval = Approval(
            consumer_key=app.consumer_key, user_id=user_id, scopes=scopes, granted_at=moment, used_at=moment
        )
        if "refresh_token" in scopes:
            approval.refresh_tokens.append(_refresh_token())
        with self._lock:
            self.approvals.append(approval)
            live = self._live(user_id=user_id, consumer_key=app.consumer_key)
            lasting = [each for each in live if each.refresh_tokens]
            for pushed_out in lasting[:-APPROVALS_PER_USER_AND_APP]:
                self._revoke(pushed_out)
            return self._issue(approval, refresh_token=approval.refresh_token)

    def refresh(self, *, app: App, token: str) -> Issued:
        """A second refresh of a token while the first is under way is turned away."""
        with self._lock:
            if token in self._in_progress:
                raise GrantRefused("invalid_grant", "token request is already being processed")
            self._in_progress.add(token)
        try:
            time.sleep(self.refresh_seconds)
            with self._lock:
                return self._refresh(app, token)
        finally:
            with self._lock:
                self._in_progress.discard(token)

    def _refresh(self, app: App, token: str) -> Issued:
        """With rotation, a token that was already replaced ends everything that came from its consent."""
        approval = self._approval_of(token)
        if approval is None or approval.consumer_key != app.consumer_key or approval.revoked:
            raise GrantRefused(*DEAD_TOKEN)
        if token != approval.refresh_token:
            self._revoke(approval)
            raise GrantRefused(*DEAD_TOKEN)
        if not self._is_active(approval.user_id):
            raise GrantRefused("invalid_grant", "inactive user")
        self._check_policy(app, approval)
        approval.used_at = self._now().timestamp()
        if not app.rotate:
            return self._issue(approval, refresh_token=None)
        approval.refresh_tokens.append(_refresh_token())
        return self._issue(approval, refresh_token=approval.refresh_token)

    def _check_policy(self, app: App, approval: Approval) -> None:
        now = self._now().timestamp()
        if app.refresh_seconds is not None and now - approval.granted_at >= app.refresh_seconds:
            raise GrantRefused("invalid_grant", "token validity expired")
        if app.refresh_idle_seconds is not None and now - approval.used_at >= app.refresh_idle_seconds:
            raise GrantRefused(*DEAD_TOKEN)

    def issue_to_app(self, app: App) -> Issued:
        """The client credentials flow: an access token for the app's own user, no refresh token."""
        if not app.run_as:
            raise GrantRefused("invalid_grant", "no client credentials user enabled")
        if not self._is_active(app.run_as):
            raise GrantRefused("invalid_grant", "inactive user")
        scopes = [scope for scope in app.scopes if scope != "refresh_token"]
        return self.approve(app=app, user_id=app.run_as, scopes=scopes)

    def authenticate(self, token: str) -> Access | None:
        """The session of a valid access token. Its end moves on only after half of the period has passed."""
        with self._lock:
            access = self.access.get(token)
            if (
                access is None
                or access.ends_at <= self._now()
                or not self._is_active(access.approval.user_id)
            ):
                return None
            period = timedelta(seconds=self.session_seconds)
            if access.ends_at - self._now() < period / 2:
                access.ends_at = self._now() + period
            return access

    def live_approval(self, refresh_token: str) -> Approval | None:
        approval = self._approval_of(refresh_token)
        if approval is None or approval.revoked or approval.refresh_token != refresh_token:
            return None
        return approval

    def revoke(self, token: str) -> None:
        """A refresh token ends its access tokens too; an access token ends alone."""
        with self._lock:
            approval = self.live_approval(token)
            if approval:
                self._revoke(approval)
            elif token in self.access:
                del self.access[token]
                self.changes += 1
            else:
                raise GrantRefused("invalid_token", "invalid token")

    def revoke_all(self) -> None:
        with self._lock:
            for approval in self.approvals:
                self._revoke(approval)

    def revoke_app(self, app: App) -> None:
        with self._lock:
            for approval in self.approvals:
                if approval.consumer_key == app.consumer_key:
                    self._revoke(approval)

    def expire_access_tokens(self) -> None:
        with self._lock:
            self.access.clear()
            self.changes += 1

    def _issue(self, approval: Approval, *, refresh_token: str | None) -> Issued:
        now = self._now()
        token = f"{self.org_id[:15]}!AR8A{_random_text(70)}"
        ends_at = now + timedelta(seconds=self.session_seconds)
        self.access[token] = Access(approval=approval, issued_at=now, ends_at=ends_at)
        self.changes += 1
        return Issued(
            access_token=token,
            refresh_token=refresh_token,
            scopes=approval.scopes,
            user_id=approval.user_id,
            issued_at=now,
        )

    def _revoke(self, approval: Approval) -> None:
        approval.revoked = True
        self.access = {token: each for token, each in self.access.items() if each.approval is not approval}
        self.changes += 1

    def _live(self, *, user_id: str, consumer_key: str) -> list[Approval]:
        return [
            each
            for each in self.approvals
            if each.user_id == user_id and each.consumer_key == consumer_key and not each.revoked
        ]

    def _approval_of(self, refresh_token: str) -> Approval | None:
        return next((each for each in self.approvals if refresh_token in each.refresh_tokens), None)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _refresh_token() -> str:
    return f"5Aep861{_random_text(80)}"


def _random_text(length: int) -> str:
    return secrets.token_urlsafe(length)[:length].replace("-", ".")
