"""What the product has to know of a CRM beside its client. Each CRM has them in `clients/NAME/facts.py`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult

from crm_sync.clients.grants import GrantFacts
from crm_sync.clients.http import Transport
from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.questions import Questions
from crm_sync.deals import Check
from crm_sync.enums import SourceObject, Target

TOKEN_STEPS = "crm_sync/connections/token_steps.html"  # noqa: S105  a template


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedField:
    """A field that every org has, and what it feeds."""

    target: Target
    source_field: str
    source_object: SourceObject = SourceObject.DEAL


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDeal:
    """A deal that a link leads to; `org` where the link names it."""

    external_id: str
    org: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a client is opened with: the stored access, and what is known of the org."""

    transport: Transport
    access_token: str
    org_id: str
    renew: Callable[[str], tuple[str, str]]
    """Called with an access token that has ended; answers with a new one and the address it is for."""
    instance_url: str = ""
    api_version: str = ""
    time_zone: str = ""
    ui_domain: str = ""
    has_currency_field: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedToken:
    org_id: str
    api_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """How one gets in with a token that is pasted."""

    clean: Callable[[str], str]
    """The token without what comes with a paste."""
    check: Callable[[CrmClient], CheckedToken]
    example: str
    """How tokens begin."""
    nothing_pasted: str
    """What to do when no token came."""
    scopes: Sequence[tuple[str, str]]
    """Each with what it is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """One CRM. Either `token` or `grants` says how one gets in."""

    key: str
    """As it is stored, at most 40 characters of an address."""
    name: str
    """As people say it."""
    org_word: str
    """What it calls the place that holds a company's data."""
    open: Callable[[Opening], CrmClient]
    questions: Callable[[CrmClient], Questions]
    is_official_origin: Callable[[str], bool]
    origin_of_pages: Callable[[str, str], str]
    """Scheme and host of what people see, from the instance's address and the domain of the pages."""
    scope_checks: Callable[[CrmClient, Sequence[Check]], Sequence[Check]]
    """What the access may read too little or too much, beside the checks of the client."""
    object_words: Mapping[SourceObject, str]
    proposed: Sequence[ProposedField]
    address_fields: Mapping[Target, tuple[str, ...]]
    """The parts of one address, each with the account's fields that hold it; the first one counts."""
    currency_field: str
    fields_at_once: int
    """So many fields can be asked for in one call."""
    restorable_days: int
    """So long its recycle bin keeps a deal."""
    tells_currency: bool
    """Whether an org tells its own currency."""
    tells_of_company: bool
    """Whether a deal counts as changed when it is given a company, or its company a name."""
    external_id: Callable[[str], str]
    """A deal's id as it is stored; ValueError, with a sentence, for what can be none."""
    is_deal_id: Callable[[str], bool]
    """Whether a text that is not said to be of this CRM is an id of its deals."""
    deal_in_link: Callable[[SplitResult], NamedDeal | None]
    is_page_of: Callable[[str, str], bool]
    """Whether a link to this host may lead to the org with this instance address."""
    setup_sentence: str
    wrong_id: Callable[[str], str] = lambda text: ""
    """What to say of an id of this CRM that is no deal's; empty for any other text."""
    id_length: int | None = None
    """Where every id has the same."""
    steps_template: str = TOKEN_STEPS
    token: TokenFacts | None = None
    grants: GrantFacts | None = None
