"""The people and queues that own records; deactivated ones only when asked for."""

from typing import Any

from demo.hubspot.api.call import Call
from demo.hubspot.records import Owner
from demo.hubspot.refusals import not_found
from demo.messages import Response, json_response

PAGE_MAXIMUM = 500


def list_owners(call: Call) -> Response:
    limit = call.limit(default=100, maximum=PAGE_MAXIMUM)
    email, after = call.argument("email"), call.argument("after")
    owners = [owner for owner in _owners(call) if email in ("", owner.email)]
    start = next(
        (index for index, owner in enumerate(owners) if int(owner.id) > int(after or 0)), len(owners)
    )
    page = owners[start : start + limit]
    body: dict[str, Any] = {"results": [owner.body() for owner in page]}
    if start + limit < len(owners):
        last = page[-1].id
        link = f"https://api.hubapi.com{call.request.path}?limit={limit}&after={last}"
        body["paging"] = {"next": {"after": last, "link": link}}
    return json_response(body)


def get_owner(call: Call, *, owner_id: str) -> Response:
    by_user = call.argument("idProperty", "id") == "userId"
    for owner in _owners(call):
        if owner_id == str(owner.user_id if by_user else owner.id):
            return json_response(owner.body())
    raise not_found()


def _owners(call: Call) -> list[Owner]:
    archived = call.flag("archived")
    return [owner for owner in call.portal.owners.values() if owner.archived == archived]
