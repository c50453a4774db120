"""`python -m demo.logins FILE`: people who can sign in. Their passwords are made once and kept in it."""

import json
import os
import secrets
import sys
from pathlib import Path

import django

NAMES = ("admin", "finance", "approver", "support", "operator")
PASSWORD_BYTES = 12


def passwords(path: Path) -> dict[str, str]:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text("{}")
    kept: dict[str, str] = json.loads(path.read_text())
    if missing := [name for name in NAMES if name not in kept]:
        kept |= {name: secrets.token_urlsafe(PASSWORD_BYTES) for name in missing}
        path.write_text(json.dumps(kept, indent=2))
    return kept


def ensure_people(logins: dict[str, str]) -> None:
    from django.contrib.auth.models import Group, User  # after django.setup()

    for name, password in logins.items():
        person, _ = User.objects.get_or_create(username=name)
        person.is_staff = name in ("admin", "support")
        person.is_superuser = name == "admin"
        person.email = f"{name}@fincelo.example"  # mails of the demo end in its folder
        if not person.check_password(password):
            person.set_password(password)
        person.save()
        if not person.is_superuser:
            person.groups.add(Group.objects.get_or_create(name=name.capitalize())[0])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fincelo.settings")
    django.setup()
    ensure_people(passwords(Path(sys.argv[1])))
