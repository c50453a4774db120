"""The replication calls: which records of an object changed, and which were deleted, between two moments."""

from datetime import datetime, timedelta
from typing import Any

from demo.http_server import Request, Response, json_response
from demo.salesforce.answers import missing, rest_error
from demo.salesforce.ids import PREFIXES
from demo.salesforce.org import Org
from demo.salesforce.values import moment_text, parse_moment

KEPT_DAYS = timedelta(days=30)
SHORTEST_WINDOW = timedelta(minutes=1)


class InvalidReplicationDate(Exception):
    """A window that Salesforce refuses."""


class Replication:
    def __init__(self, org: Org) -> None:
        self._org = org

    def updated(self, request: Request, data_url: str, name: str) -> Response:
        """`latestDateCovered` stays behind the start of a transaction that is not over yet."""
        entity = self._org.schema.find(name)
        if entity is None or "systemmodstamp" not in entity.by_name:
            return missing(request)
        try:
            start, end = self._window(request)
        except InvalidReplicationDate as error:
            return rest_error("INVALID_REPLICATION_DATE", str(error))
        covered = self._covered(end)
        with self._org.lock:
            rows = self._org.visible_tables()[entity.name].values()
            ids = [
                str(row["Id"])
                for row in sorted(rows, key=lambda row: (str(row["SystemModstamp"]), str(row["Id"])))
                if moment_text(start) <= str(row["SystemModstamp"]) < moment_text(end)
                and not row.get("IsDeleted")
            ]
        if len(ids) > self._org.replication_id_limit:
            return rest_error("EXCEEDED_ID_LIMIT", "Too many IDs to return; try a smaller window")
        return json_response({"ids": ids, "latestDateCovered": moment_text(covered)})

    def deleted(self, request: Request, data_url: str, name: str) -> Response:
        entity = self._org.schema.find(name)
        if entity is None or "isdeleted" not in entity.by_name:
            return missing(request)
        try:
            start, end = self._window(request)
        except InvalidReplicationDate as error:
            return rest_error("INVALID_REPLICATION_DATE", str(error))
        with self._org.lock:
            found = sorted(
                (at, key)
                for key, at in self._org.visibility.deleted_at.items()
                if key[:3] == PREFIXES[entity.name] and moment_text(start) <= at < moment_text(end)
            )
        body: dict[str, Any] = {
            "deletedRecords": [{"deletedDate": at, "id": key} for at, key in found],
            "earliestDateAvailable": moment_text(_to_the_minute(self._org.now() - KEPT_DAYS)),
            "latestDateCovered": moment_text(self._covered(end)),
        }
        return json_response(body)

    def _window(self, request: Request) -> tuple[datetime, datetime]:
        """Start and end with their seconds cut off."""
        moments = []
        for name in ("start", "end"):
            try:
                moment = parse_moment(request.argument(name))
            except ValueError:
                raise InvalidReplicationDate(f"{name}: no valid date and time") from None
            if moment.tzinfo is None:
                raise InvalidReplicationDate(f"{name}: no time zone")
            moments.append(_to_the_minute(moment))
        start, end = moments
        if end - start < SHORTEST_WINDOW:
            raise InvalidReplicationDate("startDate has to be at least one minute before endDate")
        if self._org.now() - start > KEPT_DAYS:
            raise InvalidReplicationDate("startDate must not be more than 30 days ago")
        return start, end

    def _covered(self, end: datetime) -> datetime:
        with self._org.lock:
            oldest = self._org.visibility.oldest_change(self._org.tables, now=self._org.now())
        limits = [end, self._org.now(), *([oldest] if oldest else [])]
        return _to_the_minute(min(limits))


def _to_the_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
