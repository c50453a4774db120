"""Every setting, read from the environment. What each variable means is in docs/operate.md."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from fincelo import dev_secrets, embedded_postgres, env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.folder("VAR_DIR", default=BASE_DIR / "var")
WITNESS_PATH = env.folder("WITNESS_PATH", default=VAR_DIR / "witness.jsonl")

# Secrets. Demo and development generate theirs; elsewhere a missing one stops the start (fincelo/checks.py).

FINCELO_DEV = env.flag("FINCELO_DEV")
if FINCELO_DEV and not (env.text("SECRET_KEY") and env.text("FERNET_KEYS")):
    dev_secrets.ensure_secrets(VAR_DIR / "secrets.env")
SECRET_KEY = env.text("SECRET_KEY")
FERNET_KEYS = env.words("FERNET_KEYS")

# Addresses

DEBUG = env.flag("DEBUG")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or (["127.0.0.1", "localhost"] if FINCELO_DEV else [])
PUBLIC_URL = env.text("PUBLIC_URL", default="http://127.0.0.1:8000" if FINCELO_DEV else "").rstrip("/")
HUBSPOT_API_URL = env.text("HUBSPOT_API_URL", default="https://api.hubapi.com").rstrip("/")
CRM_TRUSTED_ORIGINS = env.words("CRM_TRUSTED_ORIGINS")
CRM_ALLOW_LOOPBACK = env.flag("CRM_ALLOW_LOOPBACK")
SALESFORCE_SCOPES = env.text("SALESFORCE_SCOPES", default="full refresh_token")
DEMO_LINKS = env.labelled_links("DEMO_LINKS")

# Application

ROOT_URLCONF = "fincelo.urls"
WSGI_APPLICATION = "fincelo.wsgi.application"
INSTALLED_APPS = [
    "fincelo.apps.FinceloConfig",
    "contracts.apps.ContractsConfig",
    "billing.apps.BillingConfig",
    "crm_sync.apps.CrmSyncConfig",
    "access.apps.AccessConfig",
    "allauth",
    "allauth.account",
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "django_htmx",
    "django_q",
    "pgtrigger",
]
MIDDLEWARE = [
    "fincelo.middleware.remember_origin",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "access.middleware.end_long_sessions",
    "access.middleware.audit_requests",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "contracts.middleware.workspace_time_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "fincelo.middleware.no_store",
    "fincelo.odd_requests.OddRequests",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "fincelo.context.workspace",
                "crm_sync.views.oversight.context.attention",
            ],
        },
    },
]

FORM_RENDERER = "fincelo.form_renderer.FormRenderer"

# Database

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
POSTGRES_OPTIONS = (
    "-c lock_timeout=5000 -c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000"
    " -c jit=off"  # compiling a statement takes longer than any of ours runs
)
EMBEDDED_POSTGRES = embedded_postgres.Place(
    folder=VAR_DIR / "postgres", durable=env.flag("EMBEDDED_POSTGRES_DURABLE", default=True)
)
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **(
            env.database("DATABASE_URL")
            if env.text("DATABASE_URL")
            else {"ENGINE": "fincelo.embedded_backend", "NAME": "fincelo", "USER": "postgres"}
        ),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"].setdefault("OPTIONS", {})["options"] = POSTGRES_OPTIONS
# Who owns the tables. Only `manage.py migrate` reads it: keep it out of the environment of web and worker.
DATABASE_OWNER = env.database("DATABASE_OWNER_URL") if env.text("DATABASE_OWNER_URL") else {}

# Worker (django-q2): a cluster for each lane of fincelo/background.py; the core lane has the default name

Q_CLUSTER: dict[str, Any] = {
    "name": "fincelo",
    "orm": "default",
    "workers": 2,
    "queue_limit": 2,
    "bulk": 1,
    "timeout": 240,
    "retry": 1200,  # timeout * (queue_limit / workers + 2) + 60 = 780 needed, in each lane
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "poll": 1,
    "guard_cycle": 0.5,
    "recycle": 50,
    "max_rss": 300_000,  # KiB
    "save_limit": -1,  # no successes are stored; fincelo.TaskHistory has a row for each function
    "compress": False,
    "ALT_CLUSTERS": {
        "crm": {"workers": 2, "queue_limit": 2},
        "long": {"workers": 1, "queue_limit": 1},
    },
}

# Language and time

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

# What all processes share: the counters of refused sign-ins

CACHES = {"default": {"BACKEND": "fincelo.json_cache.JsonCache", "LOCATION": "fincelo.CacheEntry"}}

# Signing in (django-allauth). There is no sign-up: whoever looks after the accounts adds people in the admin.

NEW_ROLE_WAITS = timedelta(hours=24)  # before whoever got a role confirms what others have asked for
TRUSTED_PROXY_COUNT = env.count("TRUSTED_PROXY_COUNT")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "access.passwords.DifferentCharactersValidator", "OPTIONS": {"at_least": 6}},
]
ACCOUNT_ADAPTER = "access.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}  # with two there are two counters for one guess
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip"
}  # right or wrong; wrong ones have narrower limits in access/limits.py
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"

# Cookies and headers. HTTPS_ONLY is off only where the browser is on this machine: demo and development.

HTTPS_ONLY = env.flag("HTTPS_ONLY", default=not FINCELO_DEV)
SESSION_COOKIE_AGE = 12 * 60 * 60  # counted from the sign-in (access/sessions.py)
SESSION_COOKIE_NAME = "__Host-session" if HTTPS_ONLY else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS_ONLY else "csrf"
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("TRUST_X_FORWARDED_PROTO") else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        # "Authorise" is a form whose answer redirects to the CRM; browsers check that address here too.
        "form-action": [SELF],
    }
}

# Static files

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Mail: Django's defaults, or what EMAIL_URL says

EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", default=f"fincelo@{urlsplit(PUBLIC_URL).hostname or 'localhost'}")
globals().update(env.email("EMAIL_URL"))

# Logs

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {"()": "fincelo.redaction.RedactSecrets"},
        "answers": {"()": "fincelo.logs.Answers"},
    },
    "formatters": {
        "line": {"()": "fincelo.logs.OneLine", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["redact"], "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        **{name: {"level": "WARNING"} for name in ("oauthlib", "requests_oauthlib", "urllib3")},
        "django.request": {"filters": ["answers"]},
        # django and django-q2 bring handlers of their own; theirs have no filter
        **{
            name: {"handlers": ["console"], "level": "INFO", "propagate": False}
            for name in ("django", "django-q")
        },
    },
}
