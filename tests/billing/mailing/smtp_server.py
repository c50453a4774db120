"""A mail server of a few lines on this machine, which answers as its addresses say."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

REFUSALS = {
    "gone@example.com": b"550 5.1.1 No such user",
    "later@example.com": b"451 4.7.1 Try again later",
    "busy@example.com": b"421 4.3.2 Too busy",
}
"""By recipient; everybody else is accepted, and the text refused that names a virus."""
CLOSING = b"421"
"""After this answer, and after each text of a server that is `short_of_breath`, the connection is closed."""


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self.server.sessions += 1
        self.wfile.write(b"220 test\r\n")
        for line in self.rfile:
            command = line.strip().decode()
            if command.upper() == "DATA":
                self.wfile.write(b"354 continue\r\n")
                self.wfile.write(self._take_text())
                if self.server.short_of_breath:
                    return
            elif command.upper() == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                answer = self._answer(command)
                self.wfile.write(answer + b"\r\n")
                if answer.startswith(CLOSING):
                    return

    def _answer(self, command: str) -> bytes:
        if command.upper().startswith("RCPT TO:"):
            return REFUSALS.get(command[9:].split(">")[0], b"250 ok")
        return b"250 ok"

    def _take_text(self) -> bytes:
        text = b""
        for line in self.rfile:
            if line == b".\r\n":
                break
            text += line
        if b"Virus" in text:
            return b"554 5.7.1 Message refused\r\n"
        self.server.texts.append(text)
        return b"250 taken\r\n"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.sessions = 0
        self.short_of_breath = False
        self.texts: list[bytes] = []


@contextmanager
def smtp_server(settings: Any) -> Iterator[_Server]:
    """Up while the block runs, and where Django's settings send mail to."""
    with _Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        try:
            yield server
        finally:
            server.shutdown()
