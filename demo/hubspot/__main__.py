"""`python -m demo.hubspot --port P --state FILE`: a simulated portal in its own process."""

import argparse
import signal
import threading
from pathlib import Path

from demo.http_server import Server
from demo.hubspot.app import build_app
from demo.hubspot.demo_data import fill
from demo.hubspot.options import TIERS, limits_of
from demo.hubspot.portal import Portal
from demo.hubspot.state_file import StateFile


def main() -> None:
    arguments = _parser().parse_args()
    portal = Portal(seed=arguments.seed)
    state = StateFile(path=arguments.state, portal=portal) if arguments.state else None
    if not (state and state.load()):
        fill(portal, seed=arguments.seed)
        portal.add_won_deals(arguments.deals)
    if arguments.limits:
        portal.limits = limits_of(arguments.limits)
    if arguments.search_lag is not None:
        portal.search_lag = arguments.search_lag
    server = Server(build_app(portal), host=arguments.host, port=arguments.port, descriptor=arguments.fd)
    if state:
        state.start()
    server.start()
    print(f"Simulated HubSpot portal {portal.portal_id} at {server.url}", flush=True)
    _wait_for_signal()
    server.stop()
    if state:
        state.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.hubspot", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    parser.add_argument("--fd", type=int, help="an inherited socket that listens already, in place of --port")
    parser.add_argument("--state", type=Path, help="file that keeps the portal between two runs")
    parser.add_argument("--deals", type=int, default=0, help="won deals to add in bulk to a new portal")
    parser.add_argument("--seed", type=int, default=1, help="chooses the demo deals and the tokens")
    parser.add_argument("--search-lag", type=float, help="seconds until search sees a change")
    parser.add_argument("--limits", choices=TIERS, help="refuse calls beyond the limits of this tier")
    return parser


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


if __name__ == "__main__":
    main()
