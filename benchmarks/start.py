"""Sets Django up on an embedded PostgreSQL of the benchmarks' own, with the options of production."""

import os
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent


def start() -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "fincelo.settings",
        "FINCELO_DEV": "true",
        "VAR_DIR": str(ROOT / "var" / "benchmarks"),
        "DATABASE_URL": "",
        "EMBEDDED_POSTGRES_DURABLE": "true",
    }
    django.setup()
