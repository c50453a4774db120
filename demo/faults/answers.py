"""Faults of the answer: refusals, redirects, and bodies that are not what was asked for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from demo.faults.behaviours import UnknownFault, behaviour
from demo.faults.exchange import Exchange
from demo.messages import Response, html_response, redirect

LOGIN_PAGE = "<html><head><title>Login</title></head><body><form>Log in to continue</form></body></html>"
NESTED_LISTS = 100_000
LONG_DIGITS = 5_000
ELSEWHERE = {
    "http": "http://login.salesforce.com{target}",
    "other_host": "https://crm.evil.example{target}",
    "metadata": "http://169.254.169.254/latest/meta-data/",
}
MAINTENANCE = {
    420: "We are setting things up",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Down for maintenance",
    504: "Gateway Timeout",
}


@behaviour(
    "429 with the body of this CRM. retry_after: the header as text, empty for none; "
    "date_in: seconds from now on, sent as an HTTP date instead."
)
def too_many_requests(exchange: Exchange, *, retry_after: str = "", date_in: int = 0) -> None:
    response = exchange.provider.too_many_requests()
    response.headers.pop("Retry-After", None)
    if date_in:
        moment = datetime.now(UTC) + timedelta(seconds=date_in)
        response.headers["Retry-After"] = format_datetime(moment, usegmt=True)
    elif retry_after:
        response.headers["Retry-After"] = retry_after
    exchange.send(response)


@behaviour("Any status with a page of HTML.")
def status(exchange: Exchange, *, code: int = 503, retry_after: str = "") -> None:
    headers = {"Retry-After": retry_after} if retry_after else {}
    text = f"<html><body><h1>{code}</h1><p>{MAINTENANCE.get(code, 'Refused')}</p></body></html>"
    exchange.send(html_response(text, status=code, headers=headers))


@behaviour("Another status on the right body: a failure that looks like a page.")
def status_with_right_body(exchange: Exchange, *, code: int = 500) -> None:
    response = exchange.answer()
    response.status = code
    exchange.send(response)


@behaviour("A refusal of this CRM by its name.")
def refusal(exchange: Exchange, *, name: str = "") -> None:
    exchange.send(exchange.provider.refusals[name]())


@behaviour("A redirect. to: self, http, other_host, metadata, or an address.")
def redirected(exchange: Exchange, *, code: int = 302, to: str = "self") -> None:
    target = exchange.request.target
    address = target if to == "self" else ELSEWHERE.get(to, to).format(target=target)
    exchange.send(redirect(address, status=code))


@behaviour("All access tokens of the CRM have run out; then the right answer to that.")
def expired_token(exchange: Exchange) -> None:
    exchange.provider.expire_tokens()
    exchange.send(exchange.answer())


@behaviour("All tokens of the CRM are revoked; then the right answer to that.")
def revoked_token(exchange: Exchange) -> None:
    exchange.provider.revoke_tokens()
    exchange.send(exchange.answer())


@behaviour("200 with a login page.")
def html_page(exchange: Exchange) -> None:
    exchange.send(html_response(LOGIN_PAGE))


@behaviour("200 with the right type and no body.")
def empty_body(exchange: Exchange) -> None:
    exchange.send(Response())


@behaviour("204 without a body.")
def no_content(exchange: Exchange) -> None:
    exchange.send(Response(status=204))


@behaviour("200 with a body and type of your own.")
def body(exchange: Exchange, *, text: str = "", code: int = 200, type: str = "application/json") -> None:
    exchange.send(Response(status=code, body=text.encode(), content_type=type))


@behaviour("200 with JSON null.")
def json_null(exchange: Exchange) -> None:
    exchange.send(Response(body=b"null"))


@behaviour("The right answer in a list; an answer that is a list loses its brackets.")
def json_list(exchange: Exchange) -> None:
    response = exchange.answer()
    is_list = response.body.startswith(b"[")
    response.body = response.body[1:-1] if is_list else b"[" + response.body + b"]"
    exchange.send(response)


@behaviour("The right answer cut in half, whole as a body and no longer JSON.")
def invalid_json(exchange: Exchange) -> None:
    response = exchange.answer()
    response.body = response.body[: len(response.body) // 2]
    exchange.send(response)


@behaviour("The right answer and a NaN in it.")
def nan(exchange: Exchange) -> None:
    _send_with(exchange, b"NaN")


@behaviour("The right answer and 100,000 lists within one another in it.")
def nested_lists(exchange: Exchange) -> None:
    _send_with(exchange, b"[" * NESTED_LISTS + b"]" * NESTED_LISTS)


@behaviour("The right answer and an integer of 5,000 digits in it.")
def long_integer(exchange: Exchange) -> None:
    _send_with(exchange, b"9" * LONG_DIGITS)


@behaviour("The right answer, its first name standing twice: again at the end, with null.")
def duplicate_name(exchange: Exchange) -> None:
    response = exchange.answer()
    name = response.body[1 : response.body.index(b":")]
    response.body = response.body[:-1] + b"," + name + b":null}"
    exchange.send(response)


def _send_with(exchange: Exchange, value: bytes) -> None:
    """A value that the CRM never sends, in front of what it does send; alone where that is no object."""
    response = exchange.answer()
    is_object = response.body.startswith(b"{") and response.body != b"{}"
    response.body = b'{"fault":' + value + b"," + response.body[1:] if is_object else value
    exchange.send(response)


def check_refusal(name: object, known: list[str]) -> None:
    if name not in known:
        raise UnknownFault(f"this CRM has no refusal {name}; it has {', '.join(known) or 'none'}")
