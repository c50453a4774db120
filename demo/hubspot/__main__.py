"""`python -m demo.hubspot --port P --state FILE`: a simulated portal in its own process."""

import argparse
from functools import partial
from pathlib import Path

from demo.http_server import Server
from demo.hubspot import storage
from demo.hubspot.app import build_app, nothing
from demo.hubspot.demo_data import fill
from demo.hubspot.portal import Portal


def main() -> None:
    options = _arguments().parse_args()
    portal = Portal(seed=options.seed)
    portal.search_lag = options.search_lag
    portal.search_rate_limit = options.search_rate_limit
    save = partial(storage.save, portal, path=options.state) if options.state else nothing
    if options.state and options.state.exists():
        storage.load(portal, path=options.state)
    else:
        fill(portal, seed=options.seed)
        portal.add_won_deals(options.deals)
        save()
    server = Server(build_app(portal, after_change=save), host=options.host, port=options.port)
    print(f"Simulated HubSpot portal {portal.portal_id} at {server.url}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.stop()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.hubspot", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, help="file that keeps the portal")
    parser.add_argument("--deals", type=int, default=0, help="so many won deals besides the demo ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--search-lag", type=float, default=0.0, help="seconds until search sees a change")
    parser.add_argument("--search-rate-limit", type=int, default=None, help="a second; really 5")
    return parser


main()
