"""Runs a simulated Salesforce in this process until it is told to stop."""

import argparse
import signal
import threading
from pathlib import Path

from demo.http_server import Server
from demo.salesforce.app import build_app
from demo.salesforce.defaults import ADMIN_EMAIL, DEMO_PASSWORD
from demo.salesforce.demo_data import add_demo_data
from demo.salesforce.org import Org
from demo.salesforce.state_file import StateFile


def main() -> None:
    arguments = _parser().parse_args()
    org = Org(seed=arguments.seed)
    state = StateFile(path=arguments.state, org=org) if arguments.state else None
    if not (state and state.load()):
        add_demo_data(org)
        org.add_won_deals(arguments.deals)
    org.app.callback_urls = arguments.callback_url
    org.app.require_pkce = arguments.require_pkce
    org.app.rotate = arguments.rotate
    server = Server(build_app(org), host=arguments.host, port=arguments.port, descriptor=arguments.fd)
    if state:
        state.start()
    server.start()
    print(f"Simulated Salesforce at {server.url}, log in as {ADMIN_EMAIL} / {DEMO_PASSWORD}", flush=True)
    _wait_for_signal()
    server.stop()
    if state:
        state.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.salesforce", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    parser.add_argument("--fd", type=int, help="an inherited socket that listens already, in place of --port")
    parser.add_argument("--state", type=Path, help="file that keeps deals and tokens between two runs")
    parser.add_argument(
        "--callback-url", action="append", default=[], help="a registered callback; repeatable"
    )
    parser.add_argument("--deals", type=int, default=0, help="won deals to add in bulk to a new org")
    parser.add_argument("--seed", type=int, default=1, help="chooses the demo deals and the consumer key")
    parser.add_argument("--require-pkce", action="store_true")
    parser.add_argument("--rotate", action="store_true", help="rotate refresh tokens")
    return parser


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


if __name__ == "__main__":
    main()
