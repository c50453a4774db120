#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

from fincelo.env import UnusableSetting


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fincelo.settings")
    try:
        execute_from_command_line(sys.argv)
    except UnusableSetting as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
