"""The browser of the browser tests: found, or installed from the system's packages where that is allowed."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET_IT = (
    "No Chromium found. Install it (Debian: apt-get install chromium), or set CHROMIUM to its path."
)


def find_chromium() -> str | None:
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        path = shutil.which(name)
        if path and _runs(path):
            return path
    return None


def _runs(path: str) -> bool:
    """Some systems have a placeholder under the name, which only says how to install the real one."""
    try:
        return (
            subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update"],
        ["apt-get", "install", "-y", "--no-install-recommends", "chromium"],
    ):
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)


def main() -> None:
    if find_chromium():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests ...", flush=True)
        install()
    if not find_chromium():
        print(f"{HOW_TO_GET_IT} The browser tests are skipped.", file=sys.stderr)


if __name__ == "__main__":
    main()
