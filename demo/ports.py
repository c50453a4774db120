"""The ports of the demo: the usual ones, or free ones where those are taken.

Each is bound and listened at here, and its socket is handed to the server. A port that is only looked at may
be taken by another demo before its server binds it.
"""

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

HOST = "127.0.0.1"
HIGHEST = 65_535
STEP = 10  # a server that has to move leaves the usual ports of the others alone: connections remember them
BACKLOG = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    web: int
    salesforce: int
    hubspot: int
    sockets: Mapping[str, socket.socket] = field(default_factory=dict, repr=False)
    """By the name of the server. Open while the demo runs, so that a server that restarts keeps its port."""

    def url(self, name: str) -> str:
        return f"http://{HOST}:{getattr(self, name)}"

    def descriptor(self, name: str) -> int:
        """What the server's process inherits."""
        return self.sockets[name].fileno()

    def close(self) -> None:
        for listener in self.sockets.values():
            listener.close()


def claim_ports(*, first: int = 8000) -> Ports:
    """Listens at one port for each server. Whoever calls closes them."""
    names = ("web", "salesforce", "hubspot")
    sockets = {name: _listen_from(first + place) for place, name in enumerate(names)}
    return Ports(**{name: one.getsockname()[1] for name, one in sockets.items()}, sockets=sockets)


def _listen_from(port: int) -> socket.socket:
    while port <= HIGHEST:
        try:
            return socket.create_server((HOST, port), backlog=BACKLOG)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            port += STEP
    raise OverflowError("No port of this machine is free.")
