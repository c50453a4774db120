#!/usr/bin/env python
import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from fincelo.env import UnusableSetting, use_demo_workspace


def main() -> None:
    if use_demo_workspace(Path(__file__).resolve().parent / "var" / "demo" / "env"):
        print("This goes to the demo workspace that `make run` keeps up here.", file=sys.stderr)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fincelo.settings")
    try:
        execute_from_command_line(sys.argv)
    except UnusableSetting as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
