"""What an org is made of: who has connected, its stages and its fields."""

from collections.abc import Sequence
from typing import Any

from crm_sync.clients.reading import options_of, reads_answers_of
from crm_sync.clients.salesforce.deals import ENTITIES
from crm_sync.clients.salesforce.errors import printable
from crm_sync.clients.salesforce.presence import SalesforcePresence
from crm_sync.deals import CrmField, Stage
from crm_sync.errors import ConfigError

USER_NAME_LENGTH = 120
Record = dict[str, Any]
reads_answers = reads_answers_of("Salesforce")


class SalesforceSchema(SalesforcePresence):
    """Asks for metadata. An object that the user may not see has no fields."""

    org_id: str

    @reads_answers
    def user_name(self) -> str:
        """Who has connected. Asked at the org's own address: the one in a token's answer is another host's.

        https://help.salesforce.com/s/articleView?id=sf.remoteaccess_using_userinfo_endpoint.htm
        """
        body = self.get("/services/oauth2/userinfo").json_object()
        return " ".join(printable(str(body["preferred_username"] or "")).split())[:USER_NAME_LENGTH]

    @reads_answers
    def stages(self) -> Sequence[Stage]:
        """https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_opportunitystage.htm"""
        rows = self.query_all(
            "SELECT ApiName, MasterLabel, IsActive, IsWon FROM OpportunityStage ORDER BY SortOrder"
        )
        return [
            Stage(
                id=str(row["ApiName"]),
                name=str(row["ApiName"]),
                is_won=row.get("IsWon") is True,
                is_active=row.get("IsActive") is True,
            )
            for row in rows
            if row.get("ApiName")
        ]

    @reads_answers
    def schema(self) -> Sequence[CrmField]:
        """Every field of deals, accounts and owners that this user may read."""
        return [
            CrmField(
                source_object=source_object,
                name=str(field["name"]),
                label=str(field.get("label") or field["name"]),
                type=str(field.get("type") or ""),
                options=options_of(field.get("picklistValues"), is_shown=lambda one: bool(one.get("active"))),
            )
            for source_object, (entity, _) in ENTITIES.items()
            for field in self.fields_shown(entity)
            if field.get("name") and not field.get("deprecatedAndHidden")
        ]

    def fields_shown(self, entity: str) -> list[Record]:
        """None of an object that the user may not see at all."""
        try:
            return self.describe(entity)
        except ConfigError as error:
            if error.breaks:
                raise
            return []
