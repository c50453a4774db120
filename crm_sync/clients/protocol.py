"""What every CRM client offers. The sync knows no provider beyond this."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from crm_sync.deals import Allowance, Check, CrmField, DealPage, DealQuery, OrgFacts, Presence, Stage
from crm_sync.enums import SourceObject
from crm_sync.findings.values import Finding, Findings


class CrmClient(Protocol):
    @property
    def calls(self) -> int:
        """API calls made so far, retries included."""
        ...

    @property
    def api_version(self) -> str:
        """The version in use, which a retired one may have been replaced with."""
        ...

    hidden_fields: set[tuple[SourceObject, str]]
    """Mapped fields that were found not to be there, or not for us. They are not asked for any more."""

    stages_before: Sequence[Stage]
    """The selected stages as they were last stored: a list that lacks some of them may be cut short."""

    @property
    def listed_stages(self) -> Sequence[Stage]:
        """The stages as this run has read them; none where it needed none."""
        ...

    @property
    def allowance(self) -> Allowance | None:
        """The day's calls as the CRM last told them."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """Sentences on what the credential could not read. They degrade a connection, they stop nothing."""
        ...

    @property
    def remarks(self) -> Sequence[Finding]:
        """What the CRM did not show. They stand with the run and degrade nothing."""
        ...

    @property
    def findings(self) -> Findings:
        """The same by their causes, with the causes that were looked into and are fine."""
        ...

    @property
    def lacks_currency(self) -> bool:
        """Deals are read without a currency, because records of the org had none."""
        ...

    def has_currency_now(self) -> bool:
        """Asks whether records have one by now, once in a client's life; then deals are read with it."""
        ...

    def identify(self) -> OrgFacts:
        """Which org this is, asked for with a new credential."""
        ...

    def org_facts(self) -> OrgFacts:
        """What may have changed in the org that this client was opened for."""
        ...

    def use(self, *, time_zone: str, ui_domain: str) -> None:
        """Continues with facts that were learnt since it was opened."""
        ...

    def stages(self) -> Sequence[Stage]: ...

    def schema(self) -> Sequence[CrmField]: ...

    def preflight(self) -> Sequence[Check]: ...

    def changed_deals(self, *, query: DealQuery) -> Iterator[DealPage]: ...

    def deals_by_id(
        self,
        *,
        external_ids: Sequence[str],
        wanted: Mapping[SourceObject, Sequence[str]],
    ) -> Sequence["DealPage"]: ...

    def won_ids(self, *, query: DealQuery) -> Iterator[Sequence[str]]:
        """The ids of all won deals since import_from, in the CRM's order, after the cursor's id."""
        ...

    def presence(self, *, external_ids: Sequence[str]) -> Mapping[str, Presence]:
        """What has become of deals. Those that the CRM knows nothing of any more are missing."""
        ...

    def merged_deals(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        """The surviving deal of each one that was merged away, over any number of merges."""
        ...

    def accounts_merged_into(
        self, *, survivors: Mapping[str, Sequence[str]], among: Sequence[str]
    ) -> Mapping[str, Sequence[str]]:
        """For each surviving account those of `among` that were merged into it, in one merge or several.

        `survivors`: accounts with what they say themselves of those that were merged into them.
        """
        ...

    def merged_accounts(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        """The surviving account of each one that was merged away."""
        ...

    def limit_calls(self, may_call: Callable[[], bool]) -> None:
        """`may_call` is asked before each call; once it says no, they raise TransientError (OUT_OF_TIME)."""
        ...

    def close(self) -> None: ...
