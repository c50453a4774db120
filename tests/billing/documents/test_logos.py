import io
import struct
import zlib

import pytest
from PIL import Image

from billing.documents import logos
from billing.documents.logos import LogoRefused, as_jpeg
from tests.billing.documents.papers import picture


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "L"),
        ("PNG", "P"),
        ("JPEG", "CMYK"),
        ("GIF", "P"),
        ("WEBP", "RGB"),
    ],
)
def test_picture_becomes_a_jpeg_in_rgb(form: str, mode: str) -> None:
    image = opened(as_jpeg(picture(form=form, mode=mode)))

    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (40, 10))


def test_what_is_transparent_is_white_as_the_paper() -> None:
    assert opened(as_jpeg(picture(mode="RGBA"))).getpixel((5, 5)) == (255, 255, 255)


def test_large_picture_is_made_smaller_and_keeps_its_shape() -> None:
    assert opened(as_jpeg(picture(width=4_000, height=1_000))).size == (1_020, 255)


def huge_png(*, width: int, height: int) -> bytes:
    """A small file that says it has many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


NO_PICTURE = "The file is no picture that can be read. Choose a PNG or JPEG."
TOO_MANY = "The logo has too many pixels. Save it smaller."


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (b"", NO_PICTURE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NO_PICTURE),
        (b"%PDF-1.4", NO_PICTURE),
        (picture()[:40], NO_PICTURE),
        (picture(form="TIFF"), NO_PICTURE),
        (huge_png(width=100_000, height=100_000), TOO_MANY),
        (huge_png(width=10_000, height=9_500), TOO_MANY),
        (huge_png(width=5_001, height=5_000), TOO_MANY),
        (b"x" * (logos.LARGEST_FILE + 1), "The logo is larger than 5 MB. Save it smaller."),
    ],
    ids=["empty", "svg", "pdf", "cut off", "tiff", "bomb", "suspect", "many pixels", "too large"],
)
def test_what_is_no_usable_picture_is_refused(file: bytes, sentence: str) -> None:
    with pytest.raises(LogoRefused) as refusal:
        as_jpeg(file)

    assert str(refusal.value) == sentence
