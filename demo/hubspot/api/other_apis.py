"""Calls of an ordinary client that this portal has nothing to answer to, but scopes for."""

from demo.hubspot.api.call import Call
from demo.messages import Response, json_response


def empty_list(call: Call, **names: str) -> Response:
    return json_response({"results": []})
