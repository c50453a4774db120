"""Faults of the connection: resets, silence, slowness, and bodies that end too early or never."""

import gzip
import zlib
from functools import cache

from demo.faults.behaviours import behaviour
from demo.faults.exchange import Exchange
from demo.messages import Response, head, on_the_wire

MEBIBYTE = 1024 * 1024
ENDLESS_MEBIBYTES = 4096
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
GZIP_TRAILER_BYTES = 8
PACKED = {"Content-Type": "application/json;charset=UTF-8", "Content-Encoding": "gzip"}


@behaviour("The connection is reset before any header. handled: the CRM has done what was asked anyway.")
def reset_before_headers(exchange: Exchange, *, handled: bool = True) -> None:
    if handled:
        exchange.answer()
    exchange.reset()


@behaviour("The headers come, then the connection is reset.")
def reset_after_headers(exchange: Exchange) -> None:
    exchange.send_bytes(_wire(exchange)[0])
    exchange.reset()


@behaviour(
    "The connection is reset within the body. after: how many bytes of the body come, 0 for half of it."
)
def reset_mid_body(exchange: Exchange, *, after: int = 0) -> None:
    _send_part(exchange, after)
    exchange.reset()


@behaviour("The stream ends within the body, below the announced length. after: bytes, 0 for half.")
def close_mid_body(exchange: Exchange, *, after: int = 0) -> None:
    _send_part(exchange, after)


@behaviour("A chunked body that breaks off within a chunk.")
def chunk_cut_off(exchange: Exchange) -> None:
    body = _send_chunked_head(exchange)
    exchange.send_bytes(b"%x\r\n" % len(body) + body[: len(body) // 2])


@behaviour("A chunked body that has all its data but not the last, empty chunk.")
def last_chunk_missing(exchange: Exchange) -> None:
    body = _send_chunked_head(exchange)
    exchange.send_bytes(b"%x\r\n" % len(body) + body + b"\r\n")


@behaviour("A chunked body without end.")
def endless_body(exchange: Exchange) -> None:
    _send_chunked_head(exchange)
    for _ in range(ENDLESS_MEBIBYTES):
        exchange.send_bytes(b"%x\r\n" % MEBIBYTE + b" " * MEBIBYTE + b"\r\n")


@behaviour("The right answer, a few bytes at a time. seconds: pause after each portion; size: bytes of one.")
def drip(exchange: Exchange, *, seconds: float = 0.2, size: int = 1) -> None:
    data = b"".join(_wire(exchange))
    for start in range(0, len(data), size):
        exchange.send_bytes(data[start : start + size])
        exchange.pause(seconds)


@behaviour("No answer at all, the connection stays open. handled: the CRM has done what was asked anyway.")
def silence(exchange: Exchange, *, seconds: float = 120.0, handled: bool = False) -> None:
    if handled:
        exchange.answer()
    exchange.wait_for_caller(seconds)


@behaviour("The headers come, the body never.")
def silence_after_headers(exchange: Exchange, *, seconds: float = 120.0) -> None:
    exchange.send_bytes(_wire(exchange)[0])
    exchange.wait_for_caller(seconds)


@behaviour("The right answer after a while.")
def delay(exchange: Exchange, *, seconds: float = 1.0) -> None:
    exchange.pause(seconds)
    exchange.send(exchange.answer())


@behaviour("The right answer, then the end of a connection that was to be kept alive.")
def close_after_answer(exchange: Exchange) -> None:
    exchange.send(exchange.answer())
    exchange.is_over = True


@behaviour("A gzip body cut in half, with a length that is true.")
def truncated_gzip(exchange: Exchange) -> None:
    response, packed = _packed(exchange)
    _send_packed(exchange, response, packed[: len(packed) // 2])


@behaviour("A gzip body without its last eight bytes, the checksum and the size.")
def gzip_without_trailer(exchange: Exchange) -> None:
    response, packed = _packed(exchange)
    _send_packed(exchange, response, packed[:-GZIP_TRAILER_BYTES])


@behaviour("A gzip body with a wrong checksum.")
def gzip_with_wrong_checksum(exchange: Exchange) -> None:
    response, packed = _packed(exchange)
    trailer = bytes(byte ^ 0xFF for byte in packed[-GZIP_TRAILER_BYTES:])
    _send_packed(exchange, response, packed[:-GZIP_TRAILER_BYTES] + trailer)


@behaviour("A small gzip body that unpacks to very much: the right JSON with blanks in front.")
def gzip_bomb(exchange: Exchange, *, mebibytes: int = 300) -> None:
    response = exchange.answer()
    _send_packed(exchange, response, bomb(mebibytes=mebibytes, ending=response.body))


def bomb(*, mebibytes: int, ending: bytes) -> bytes:
    """Blanks are packed once, up to a full flush; that piece may stand in the stream any number of times."""
    piece, checksum = _blanks(mebibytes)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    last = packer.compress(ending) + packer.flush()
    size = (mebibytes * MEBIBYTE + len(ending)) & 0xFFFFFFFF
    trailer = zlib.crc32(ending, checksum).to_bytes(4, "little") + size.to_bytes(4, "little")
    return GZIP_HEAD + piece * mebibytes + last + trailer


@cache
def _blanks(mebibytes: int) -> tuple[bytes, int]:
    """One packed mebibyte of blanks, and the checksum of so many."""
    blanks = b" " * MEBIBYTE
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(mebibytes):
        checksum = zlib.crc32(blanks, checksum)
    return piece, checksum


def _wire(exchange: Exchange) -> tuple[bytes, bytes]:
    return on_the_wire(exchange.answer(), request=exchange.request)


def _send_part(exchange: Exchange, after: int) -> None:
    start, body = _wire(exchange)
    exchange.send_bytes(start + body[: after or len(body) // 2])


def _send_chunked_head(exchange: Exchange) -> bytes:
    response = exchange.answer()
    headers = {**response.headers, "Content-Type": response.content_type, "Transfer-Encoding": "chunked"}
    exchange.send_bytes(head(response.status, headers))
    return response.body


def _packed(exchange: Exchange) -> tuple[Response, bytes]:
    response = exchange.answer()
    return response, gzip.compress(response.body, mtime=0)


def _send_packed(exchange: Exchange, response: Response, packed: bytes) -> None:
    headers = {**response.headers, **PACKED, "Content-Length": str(len(packed))}
    exchange.connection.sendall(head(response.status, headers) + packed)
