"""Answers of a simulated CRM that are changed on their way."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from demo.messages import Application, Request, Response

Body = dict[str, Any]
Change = Callable[[Body], object]


@dataclass(slots=True)
class Tampering:
    """Changes the bodies of answers to matching addresses: `times` of them, after the first `skipped`.

    A refusal has no rows to change, so it passes and does not count.
    """

    changes: list[tuple[str, Change]] = field(default_factory=list)
    times: int = 1_000
    skipped: int = 0

    def __call__(self, request: Request, answer: Application) -> Response:
        response = answer(request)
        for part, change in self.changes:
            if part in f"{request.method} {request.path}" and response.status < HTTPStatus.BAD_REQUEST:
                self.apply(change, response)
        return response

    def apply(self, change: Change, response: Response) -> None:
        if self.skipped:
            self.skipped -= 1
            return
        if not self.times:
            return
        self.times -= 1
        body = json.loads(response.body)
        change(body)
        response.body = json.dumps(body).encode()
