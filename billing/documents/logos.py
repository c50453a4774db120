"""Logos are kept as what goes into the PDF: a JPEG of moderate size on white, made once, at the upload."""

import io

from PIL import Image, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
LARGEST_FILE = 5 * 1024 * 1024
MOST_PIXELS = 25_000_000
BOX = (1020, 336)
QUALITY = 92


class LogoRefused(ValueError):
    """A file that is no usable picture."""


def as_jpeg(file: bytes) -> bytes:
    if len(file) > LARGEST_FILE:
        raise LogoRefused("The logo is larger than 5 MB. Save it smaller.")
    try:
        with Image.open(io.BytesIO(file), formats=FORMATS) as image:
            return _jpeg(image)
    except LogoRefused:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise LogoRefused("The file is no picture that can be read. Choose a PNG or JPEG.") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise LogoRefused("The logo has too many pixels. Save it smaller.") from error


def _jpeg(image: Image.Image) -> bytes:
    if image.width * image.height > MOST_PIXELS:
        raise LogoRefused("The logo has too many pixels. Save it smaller.")
    image.thumbnail(BOX)
    picture = image.convert("RGBA")
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    file = io.BytesIO()
    paper.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return file.getvalue()
