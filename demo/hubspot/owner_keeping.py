"""The people and queues that own records."""

from dataclasses import replace

from demo.hubspot.portal_base import FIRST_USER_ID, PortalBase
from demo.hubspot.records import Owner

FIRST_OWNER_ID = 41629779


class OwnerKeeping(PortalBase):
    def add_owner(
        self,
        *,
        email: str | None,
        first_name: str = "",
        last_name: str = "",
        queue: bool = False,
        archived: bool = False,
    ) -> str:
        with self.lock:
            owner_id = str(FIRST_OWNER_ID + 1_013 * len(self.owners))
            moment = self.clock()
            owner = Owner(
                id=owner_id,
                email=email,
                first_name=first_name,
                last_name=last_name,
                user_id=None if queue else FIRST_USER_ID + 77 * len(self.owners),
                created_at=moment,
                updated_at=moment,
                kind="QUEUE" if queue else "PERSON",
                archived=archived,
            )
            self._keep_owner(owner)
            return owner_id

    def deactivate_owner(self, owner_id: str) -> None:
        with self.lock:
            self._keep_owner(replace(self.owners[owner_id], archived=True, updated_at=self.clock()))

    def change_owner(self, owner_id: str, *, email: str) -> None:
        """Another address of the person behind it, which moves no stamp: neither the owner's nor a deal's."""
        with self.lock:
            self._keep_owner(replace(self.owners[owner_id], email=email))

    def _keep_owner(self, owner: Owner) -> None:
        self.owners[owner.id] = owner
        self.note_change("owner", owner.id)
