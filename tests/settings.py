"""The settings of the test run: those of development, in a folder of its own and with everything quick."""

import os
from datetime import timedelta
from pathlib import Path

TEST_VAR = Path(__file__).resolve().parent.parent / "var" / "test"

os.environ |= {
    "FINCELO_DEV": "true",
    "VAR_DIR": os.environ.get("VAR_DIR", str(TEST_VAR)),
    "EMBEDDED_POSTGRES_DURABLE": "false",
}

from fincelo.settings import *  # noqa: E402, F403  the environment above comes first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
NEW_ROLE_WAITS = timedelta(0)  # people of tests are made beside what they decide
