"""The ports of the demo: the usual ones, or free ones where those are taken."""

import socket
from dataclasses import dataclass

HOST = "127.0.0.1"
HIGHEST = 65_535
STEP = 10  # a server that has to move leaves the usual ports of the others alone: connections remember them


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    web: int
    salesforce: int
    hubspot: int

    def url(self, name: str) -> str:
        return f"http://{HOST}:{getattr(self, name)}"


def free_ports(*, first: int = 8000) -> Ports:
    return Ports(web=_free_from(first), salesforce=_free_from(first + 1), hubspot=_free_from(first + 2))


def _free_from(port: int) -> int:
    while not _is_free(port):
        port += STEP
    return port


def _is_free(port: int) -> bool:
    if port > HIGHEST:
        raise OverflowError("No port of this machine is free.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one just closed is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
