#!/usr/bin/env python
import gc
import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from fincelo.env import use_demo_workspace
from fincelo.one_sentence import run_command_line


def main() -> None:
    gc.disable()  # until the apps are ready (`fincelo.apps`): what is imported stays
    if use_demo_workspace(Path(__file__).resolve().parent / "var" / "demo" / "env"):
        print("This goes to the demo workspace that `make run` keeps up here.", file=sys.stderr)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fincelo.settings")
    run_command_line(run=execute_from_command_line, arguments=sys.argv)


if __name__ == "__main__":
    main()
