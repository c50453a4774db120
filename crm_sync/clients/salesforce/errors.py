"""What Salesforce's refusals mean, whatever shape they come in."""

import re

from crm_sync.clients.grants import RenewalUnderWay
from crm_sync.clients.http import Answer, retry_after
from crm_sync.clients.salesforce.rules import (
    DATA_RULES,
    DECLINED,
    NOT_FOR_AGENT,
    NOT_FOR_REST,
    OURS,
    OUTAGE,
    RECONNECT,
    SLOWER,
    STATUS_RULES,
    TOKEN_RULES,
    TOO_MANY_AT_ONCE,
    UNDER_WAY,
    Rule,
    passing,
)
from crm_sync.errors import ConfigError, ErrorKind, SyncError, TransientError

MISSING_FIELD = re.compile(r"No such column '([^']+)' on entity '([^']+)'")
MISSING_RELATION = re.compile(r"Didn't understand relationship '([^']+)'")
ERROR_ID = re.compile(r"ErrorId[^:]{0,60}:\s*([\w-]+(?: \(-?\d+\))?)")
POLICIES = {
    "not valid for use with the rest api": NOT_FOR_REST,
    "not attached to agent": NOT_FOR_AGENT,
}
LONGEST_CODE = 60
TOKEN_REFUSALS = (400, 401)
"""The statuses of the token endpoint's own refusals. What stands on the way to it answers with others."""


def code_and_message(answer: Answer) -> tuple[str, str]:
    """Salesforce's error code and text, fit to be stored and shown. Never raises."""
    body = answer.json_or_none()
    if isinstance(body, list) and body and isinstance(body[0], dict):
        code, message = body[0].get("errorCode", ""), body[0].get("message", "")
    elif isinstance(body, dict):
        code = body.get("error") or body.get("errorCode") or ""
        message = body.get("error_description") or body.get("message") or ""
    else:
        code, message = "", answer.text[:200]
    return " ".join(printable(str(code)).split())[:LONGEST_CODE], printable(str(message))


def printable(text: str) -> str:
    """Without what the database cannot keep: the character NUL and halves of surrogate pairs."""
    return "".join(each for each in text if each.isprintable() or each in "\n\r\t")


def data_error(answer: Answer) -> SyncError:
    """What a refused data call means."""
    code, message = code_and_message(answer)
    if code == "INVALID_FIELD":
        return missing_field(message=message, status=answer.status)
    if 300 <= answer.status < 400:
        return ConfigError(
            "The Salesforce org has moved to another address.",
            next_step=RECONNECT,
            code="MOVED",
            status=answer.status,
        )
    return from_rule(data_rule(code=code, message=message, status=answer.status), code=code, answer=answer)


def data_rule(*, code: str, message: str, status: int) -> Rule:
    if status == 401:
        return policy_rule(message) or STATUS_RULES[401]
    if code == "REQUEST_LIMIT_EXCEEDED" and message.startswith("Concurrent"):
        return TOO_MANY_AT_ONCE
    if is_bad_token(status=status, message=message):
        return STATUS_RULES[401]
    if status == 400 and not code and "access declined" in message.lower():
        return DECLINED
    return (
        DATA_RULES.get(code)
        or STATUS_RULES.get(status)
        or by_status(code=code, message=message, status=status)
    )


def by_status(*, code: str, message: str, status: int) -> Rule:
    """For what no table names: trouble of the server passes, anything else needs a person."""
    if status >= 500 or status in (406, 408):
        found = ERROR_ID.search(message)
        named = f", ErrorId {found[1]}" if found else ""
        return passing(f"Salesforce is not answering properly at the moment ({status}{named}).")
    return Rule(
        sentence=f"Salesforce refused a request ({status} {code}).".replace(" )", ")"), next_step=OURS
    )


def needs_new_token(answer: Answer) -> bool:
    """Whether a renewal may cure it: the session ran out, or the org moved to where the renewal tells."""
    if answer.is_success:
        return False  # its body may be large, and reading it twice is felt
    return refuses_session(answer) or 300 <= answer.status < 400


def refuses_session(answer: Answer) -> bool:
    """Whether it says that the session is over. Beside a token that is new it proves nothing for good."""
    if answer.is_success:
        return False
    _, message = code_and_message(answer)
    return (answer.status == 401 and not is_policy(message)) or is_bad_token(
        status=answer.status, message=message
    )


def is_policy(message: str) -> bool:
    """A 401 that a new token does not cure."""
    return policy_rule(message) is not None


def policy_rule(message: str) -> Rule | None:
    return next((rule for text, rule in POLICIES.items() if text in message.lower()), None)


def is_bad_token(*, status: int, message: str) -> bool:
    """How identity and userinfo word an expired session: plain text, and 403."""
    return status == 403 and message == "Bad_OAuth_Token"


def token_error(answer: Answer) -> SyncError:
    """What a refusal of the token endpoint means. Unknown codes never crash."""
    code, description = code_and_message(answer)
    if 300 <= answer.status < 400:
        return ConfigError(
            "The login address of this Salesforce org has changed.",
            next_step="Choose My Domain, enter the org's present address and authorise again.",
            code="MOVED",
            status=answer.status,
        )
    if answer.status == 429:
        return from_rule(SLOWER, code=code, answer=answer)
    rule = token_rule(code=code, description=description)
    if answer.status >= 500 or not code or (rule.breaks and answer.status not in TOKEN_REFUSALS):
        return from_rule(OUTAGE, code=code, answer=answer)
    if rule is UNDER_WAY:
        return RenewalUnderWay(rule.sentence, next_step=rule.next_step, code=code, status=answer.status)
    return from_rule(rule, code=code, answer=answer)


def token_rule(*, code: str, description: str) -> Rule:
    """Salesforce has changed capitals, blanks and full stops of these words over the years."""
    name, words = code.strip().lower(), " ".join(description.lower().replace("\u2019", "'").split())
    known = TOKEN_RULES.get((name, words.rstrip("."))) or TOKEN_RULES.get(name)
    return known or Rule(
        sentence="Salesforce refused the authorisation for a reason that Fincelo does not know.",
        next_step=f"Ask a Salesforce administrator about the error {code[:LONGEST_CODE]!r}.",
    )


def from_rule(rule: Rule, *, code: str, answer: Answer) -> SyncError:
    if rule.kind is ErrorKind.TRANSIENT:
        told = retry_after(answer.headers)
        return TransientError(
            rule.sentence,
            next_step=rule.next_step,
            code=code,
            status=answer.status,
            retry_after=told or rule.wait,
            grows=told is None,
        )
    return ConfigError(
        rule.sentence, next_step=rule.next_step, breaks=rule.breaks, code=code, status=answer.status
    )


def missing_field(*, message: str, status: int) -> ConfigError:
    column = MISSING_FIELD.search(message)
    relation = MISSING_RELATION.search(message)
    name = column[1] if column else relation[1] if relation else ""
    return ConfigError(
        f"{name[:100] or 'A mapped field'} is not in Salesforce, or the connected user may not see it.",
        next_step="Give the user read access to it, or choose another field in Field Mapping.",
        code="INVALID_FIELD",
        status=status,
        subject=name,
    )
