import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crm_sync.clients import http
from crm_sync.clients.http import Transport, backoff, retry_after
from crm_sync.errors import ConfigError, TransientError
from tests.crm_sync.clients.wire import (
    DATE,
    MakeTransport,
    Pauses,
    RawServer,
    SteppingClock,
    drip,
    reply,
    reset,
    silent,
)

UNAVAILABLE = reply(b"busy", status="503 Service Unavailable", kind="text/plain")


def limited(*headers: str) -> bytes:
    return reply(b"{}", status="429 Too Many Requests", headers=headers)


def get(transport: Transport, server: RawServer, *, token: str = "a-token") -> http.Answer:
    return transport.send(
        method="GET", url=f"{server.url}/deals", headers={"Authorization": f"Bearer {token}"}
    )


def test_an_answer_is_read_whole(transport: Transport) -> None:
    with RawServer(reply(b'{"amount": 0.10}', headers=[f"Date: {DATE}"])) as server:
        answer = get(transport, server)

    assert (answer.status, answer.is_success, answer.host) == (200, True, "127.0.0.1")
    assert {name: str(value) for name, value in answer.json_object().items()} == {"amount": "0.10"}
    assert answer.sent_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert transport.calls == 1


def test_a_passing_failure_is_tried_three_times(transport: Transport, pauses: Pauses) -> None:
    with RawServer(UNAVAILABLE, UNAVAILABLE, reply()) as server:
        answer = get(transport, server)

    assert (answer.status, transport.calls, len(server.requests)) == (200, 3, 3)
    assert [0.2 <= pauses[0] <= 1, 0.4 <= pauses[1] <= 2, len(pauses)] == [True, True, 2]


def test_tries_are_bounded(transport: Transport, pauses: Pauses) -> None:
    with RawServer(UNAVAILABLE) as server:
        answer = get(transport, server)

    assert (answer.status, transport.calls, len(pauses)) == (503, 3, 2)


@pytest.mark.parametrize("status", [406, 420, 423, 429, 500, 502, 503, 504, 521, 522, 523, 524, 525, 526])
def test_passing_statuses_are_tried_again(transport: Transport, status: int) -> None:
    with RawServer(reply(status=f"{status} Failed"), reply()) as server:
        assert get(transport, server).status == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 414, 431, 477, 501, 530])
def test_other_statuses_are_answers(transport: Transport, status: int) -> None:
    with RawServer(reply(status=f"{status} Refused"), reply()) as server:
        assert get(transport, server).status == status
    assert transport.calls == 1


def test_a_call_that_must_not_be_repeated_is_sent_once(transport: Transport, pauses: Pauses) -> None:
    with RawServer(UNAVAILABLE) as server:
        answer = transport.send(method="POST", url=server.url, form={"code": "once"}, retry=False)

    assert (answer.status, transport.calls, pauses) == (503, 1, [])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["Retry-After: 7"], 7.0),
        (["Retry-After:   0  "], 0.0),
        (["Retry-After: 20"], 20.0),
        (["Retry-After: Sun, 22 Nov 2026 10:00:09 GMT", f"Date: {DATE}"], 9.0),
        (["Retry-After: Sun, 22 Nov 2026 09:00:00 GMT", f"Date: {DATE}"], 0.0),
    ],
)
def test_the_server_says_how_long_to_wait(
    transport: Transport, pauses: Pauses, headers: list[str], expected: float
) -> None:
    with RawServer(limited(*headers), reply()) as server:
        assert get(transport, server).status == 200

    assert pauses == [expected]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Retry-After: soon"],
        ["Retry-After: -5"],
        ["Retry-After: 1.5"],
        ["Retry-After: 1e9"],
        ["Retry-After: 99999999999999999999"],
        ["Retry-After: Sun, 22 Nov 2026 10:00:09 GMT"],
        ["Retry-After: Sun, 99 Nov 2026 10:00:09 GMT", f"Date: {DATE}"],
    ],
)
def test_nonsense_is_answered_with_our_own_pause(
    transport: Transport, pauses: Pauses, headers: list[str]
) -> None:
    with RawServer(limited(*headers), reply()) as server:
        assert get(transport, server).status == 200

    assert [0.2 <= pause <= 1 for pause in pauses] == [True]


def test_a_day_is_too_long_to_wait(transport: Transport, pauses: Pauses) -> None:
    with RawServer(limited("Retry-After: 86400")) as server:
        answer = get(transport, server)

    assert (answer.status, transport.calls, pauses) == (429, 1, [])
    assert retry_after(answer.headers) == 86_400.0


@pytest.mark.parametrize(("attempt", "shortest", "longest"), [(1, 0.2, 1), (2, 0.4, 2), (3, 0.8, 4)])
def test_pauses_grow_and_are_scattered(attempt: int, shortest: float, longest: float) -> None:
    drawn = {backoff(attempt) for _ in range(50)}

    assert len(drawn) > 40
    assert shortest <= min(drawn) <= max(drawn) <= longest


def test_nobody_is_listening(transport: Transport, pauses: Pauses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(TransientError) as failure:
        transport.send(method="GET", url=url)

    assert failure.value.sentence == "127.0.0.1 could not be reached (ConnectionError)."
    assert failure.value.next_step == "The next poll tries again."
    assert (failure.value.code, transport.calls, len(pauses)) == ("UNREACHABLE", 3, 2)


def test_a_reset_connection_is_tried_again(transport: Transport) -> None:
    with RawServer(reset, reply()) as server:
        assert get(transport, server).status == 200
    assert transport.calls == 2


def test_a_server_that_says_nothing(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "READ_SECONDS", 0.05)

    with (
        RawServer(silent) as server,
        pytest.raises(TransientError) as failure,
    ):
        get(transport, server)

    assert failure.value.sentence == "127.0.0.1 accepted the call and did not answer within 0.05 seconds."
    assert failure.value.next_step == http.LEFT_ALONE
    assert (failure.value.code, failure.value.grows, transport.calls) == ("SILENT", True, 1)


def test_a_slow_drip_ends_at_the_deadline(make_transport: MakeTransport) -> None:
    """One byte every two milliseconds; each look at the clock counts as seven seconds."""

    transport = make_transport(clock=SteppingClock(7))

    with RawServer(drip) as server, pytest.raises(TransientError) as failure:
        get(transport, server)

    assert failure.value.sentence == "127.0.0.1 took longer than 60 seconds to answer."
    assert (failure.value.code, failure.value.grows, transport.calls) == ("DEADLINE", True, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_never_followed(transport: Transport, status: int) -> None:
    with RawServer(reply()) as elsewhere:
        moved = reply(b"", status=f"{status} Moved", headers=[f"Location: {elsewhere.url}/"])
        with RawServer(moved) as server:
            answer = get(transport, server)

    assert (answer.status, answer.is_success, elsewhere.requests) == (status, False, [])


def test_the_body_of_a_redirect_is_cut_like_any_other(transport: Transport) -> None:
    bomb = reply(b" " * (http.BODY_LIMIT + 1), status="302 Found", headers=["Location: /elsewhere"])

    with RawServer(bomb) as server, pytest.raises(TransientError) as failure:
        get(transport, server)

    assert (failure.value.code, transport.calls) == ("BODY_TOO_LARGE", 1)


def test_an_address_that_is_not_allowed_is_never_called(make_transport: MakeTransport) -> None:
    with RawServer(reply()) as server:
        transport = make_transport(is_allowed=lambda origin: origin == "https://api.hubapi.com")
        with pytest.raises(ConfigError) as refusal:
            get(transport, server)

    assert (refusal.value.code, transport.calls, server.requests) == ("HOST_NOT_ALLOWED", 0, [])


def test_the_token_of_a_netrc_file_and_proxies_are_ignored(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    with RawServer(reply()) as server:
        get(transport, server)

    lines = server.requests[0].decode().split("\r\n")
    assert [line for line in lines if line.startswith("Authorization")] == ["Authorization: Bearer a-token"]


@pytest.mark.parametrize("token", ["pat-na1–copied", "pat\r\nX-Evil: 1", "пат", "🔑"])
def test_a_token_that_no_header_can_carry(transport: Transport, token: str, pauses: Pauses) -> None:
    with RawServer(reply()) as server, pytest.raises(ConfigError) as refusal:
        get(transport, server, token=token)

    assert str(refusal.value) == (
        "The access token has characters in it that no token has. "
        "Copy it again, the whole of it and nothing else."
    )
    assert (refusal.value.code, server.requests, pauses) == ("BAD_TOKEN", [], [])


@pytest.fixture(scope="module")
def untrusted(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's TLS with a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_rule_5_7_a_certificate_nobody_vouches_for_is_refused(
    transport: Transport, untrusted: ssl.SSLContext, pauses: Pauses
) -> None:
    with RawServer(reply(), tls=untrusted) as server, pytest.raises(ConfigError) as refusal:
        get(transport, server)

    assert str(refusal.value) == (
        "The certificate of 127.0.0.1 is not to be trusted. "
        "Ask whoever runs your network; Fincelo never skips this check."
    )
    assert (refusal.value.code, refusal.value.breaks) == ("CERTIFICATE", False)
    assert (server.requests, pauses) == ([], [])


def test_other_trouble_with_tls_passes(transport: Transport) -> None:
    with RawServer(b"this is no TLS\r\n\r\n") as server, pytest.raises(TransientError) as failure:
        transport.send(method="GET", url=server.url.replace("http:", "https:"))

    assert (failure.value.code, transport.calls) == ("UNREACHABLE", 3)
