import gzip
import time
import zlib

import pytest

from demo.faults.network import bomb
from demo.http_server import Server
from tests.demo.faults.crm import get, raw


def packed_body(server: Server) -> bytes:
    """The packed body of an answer whose length is true."""
    start, _, body = raw(server, takes="gzip").partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in start
    assert b"Content-Length: %d\r\n" % len(body) in start + b"\r\n"
    return body


def test_truncated_gzip(server: Server) -> None:
    right = get(server).content
    server.faults.add("truncated_gzip")

    unpacked = zlib.decompressobj(31).decompress(packed_body(server))

    assert right.startswith(unpacked)
    assert len(unpacked) < len(right)


def test_gzip_without_trailer(server: Server) -> None:
    right = get(server).content
    server.faults.add("gzip_without_trailer")
    unpacker = zlib.decompressobj(31)

    unpacked = unpacker.decompress(packed_body(server))

    assert (unpacked, unpacker.eof) == (right, False)


def test_gzip_with_wrong_checksum(server: Server) -> None:
    server.faults.add("gzip_with_wrong_checksum")

    with pytest.raises(gzip.BadGzipFile, match="CRC check failed"):
        gzip.decompress(packed_body(server))


def test_gzip_bomb_is_small_and_right(server: Server) -> None:
    right = get(server).content
    server.faults.add("gzip_bomb", mebibytes=3)

    packed = packed_body(server)

    assert gzip.decompress(packed) == b" " * (3 * 1024 * 1024) + right


def test_gzip_bomb_of_the_usual_size_is_made_cheaply() -> None:
    started = time.process_time()
    packed = bomb(mebibytes=300, ending=b"{}")
    seconds = time.process_time() - started

    unpacker, size = zlib.decompressobj(31), 0
    while packed and not unpacker.eof:
        size += len(unpacker.decompress(packed, 1 << 20))
        packed = unpacker.unconsumed_tail
    assert (size, unpacker.eof) == (300 * 1024 * 1024 + 2, True)
    assert seconds < 1
