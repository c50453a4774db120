"""How refusals look: an array from the data API, an object from OAuth, plain text from identity."""

from demo.http_server import Request, Response, json_response, text_response

NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}


def rest_error(code: str, message: str, *, status: int = 400) -> Response:
    headers = {"WWW-Authenticate": "Token"} if status == 401 else {}
    return json_response([{"message": message, "errorCode": code}], status=status, headers=headers)


def oauth_error(error: str, description: str, *, status: int = 400) -> Response:
    body = {"error": error, "error_description": description}
    return json_response(body, status=status, headers=dict(NO_STORE))


def identity_error(text: str, *, status: int = 403) -> Response:
    return text_response(text, status=status)


def missing(request: Request, /) -> Response:
    return rest_error("NOT_FOUND", "The requested resource does not exist", status=404)


def method_refused(request: Request, allowed: list[str], /) -> Response:
    message = f"HTTP Method '{request.method}' not allowed. Allowed are {','.join(allowed)}"
    response = rest_error("METHOD_NOT_ALLOWED", message, status=405)
    response.headers["Allow"] = ",".join(allowed)
    return response


def bearer_token(request: Request) -> str:
    """The token of the Authorization header; empty when there is none of a known scheme."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""


def host_url(request: Request) -> str:
    return f"http://{request.headers.get('Host', '')}"
