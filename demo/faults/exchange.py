"""One request on its way to an answer, as a fault sees it: values, application and raw connection."""

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from demo.faults.provider import Provider
from demo.messages import Application, Request, Response, on_the_wire

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(slots=True, kw_only=True)
class Memory:
    """What a rule keeps between its requests: the last good answer, and rows held back."""

    last: Response | None = None
    rows: list[object] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Exchange:
    """`pause` sleeps until the server stops. `close` lets go of the connection at once."""

    request: Request
    application: Application
    connection: socket.socket
    pause: Callable[[float], None]
    close: Callable[[], None]
    provider: Provider = field(default_factory=Provider)
    memory: Memory = field(default_factory=Memory)
    is_over: bool = False

    def answer(self) -> Response:
        """What the application says; it has handled the request then, whatever the caller gets to see."""
        return self.application(self.request)

    def send(self, response: Response) -> None:
        head, body = on_the_wire(response, request=self.request)
        self.connection.sendall(head + body)

    def send_bytes(self, data: bytes) -> None:
        """Something that is no whole answer: the connection is of no use afterwards."""
        self.is_over = True
        self.connection.sendall(data)

    def reset(self) -> None:
        """The caller gets a connection reset, not an end of the stream."""
        self.is_over = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.close()

    def wait_for_caller(self, seconds: float) -> None:
        """Says nothing until the caller goes away or the time is up."""
        self.is_over = True
        self.connection.settimeout(seconds)
        try:
            self.connection.recv(1)
        except TimeoutError:
            return
