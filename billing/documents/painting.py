"""Turns a laid-out document into the bytes of a PDF: always the same ones for the same content.

No moment, no random id and no machine setting goes in. Streams stay uncompressed, because two builds of zlib
need not compress alike. One document is painted at a time: reportlab's fonts remember where they are read.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from billing.documents.content import Document
from billing.documents.faces import Face
from billing.documents.fonts import DocumentFont, UsedFace, boxes_alone, fonts, used_fonts
from billing.documents.layout import (
    LEFT,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    RIGHT,
    Mark,
    Picture,
    Rule,
    Text,
    lay_out,
    title,
)
from billing.documents.wording import wording_for

INK, MUTED, LINE = 0.1, 0.4, 0.82
WATERMARK = 0.9
_painting = Lock()


def render(document: Document) -> bytes:
    with _painting:
        for font in fonts():
            pdfmetrics.registerFont(font)
        pages = lay_out(document)
        used = used_fonts((mark.text, mark.bold) for page in pages for mark in page if isinstance(mark, Text))
        with _registered(other.font for other in used.values()):
            file = io.BytesIO()
            canvas = _canvas(file, document)
            for page in pages:
                _paint_page(canvas, page, document, used)
            canvas.save()
            return file.getvalue()


@contextmanager
def _registered(others: Iterable[DocumentFont]) -> Iterator[None]:
    """The fonts of one document, which reportlab would otherwise take for those of the next one."""
    names = []
    for font in others:
        pdfmetrics.registerFont(font)
        names.append((font.fontName, font.face.name))
    try:
        yield
    finally:
        for name, face in names:
            pdfmetrics._fonts.pop(name)
            pdfmetrics._dynFaceNames.pop(face)


def _canvas(file: io.BytesIO, document: Document) -> Canvas:
    words = wording_for(document.language)
    canvas = Canvas(
        file,
        pagesize=(PAGE_WIDTH, PAGE_HEIGHT),
        pageCompression=0,
        invariant=1,
        initialFontName=fonts().regular.fontName,
        lang=document.language,
    )
    canvas.setTitle(f"{title(document=document, words=words)} {document.number or words.draft}")
    canvas.setAuthor(document.seller.name)
    canvas.setCreator("Fincelo")
    return canvas


def render_with_boxes(document: Document) -> bytes:
    """As documents were made before there were faces for other scripts than those of Noto Sans."""
    with boxes_alone():
        return render(document)


def _paint_page(canvas: Canvas, page: list[Mark], document: Document, used: Mapping[Face, UsedFace]) -> None:
    if document.is_draft:
        _watermark(canvas, wording_for(document.language).draft)
    for mark in page:
        match mark:
            case Text():
                _write(canvas, mark, used)
            case Rule():
                canvas.setStrokeGray(INK if mark.strong else LINE)
                canvas.setLineWidth(0.7)
                canvas.line(mark.left, mark.y, RIGHT, mark.y)
            case Picture():
                _draw_logo(canvas, mark, document.logo or b"")
    canvas.showPage()


def _write(canvas: Canvas, mark: Text, used: Mapping[Face, UsedFace]) -> None:
    font = fonts().bold if mark.bold else fonts().regular
    canvas.setFillGray(MUTED if mark.muted else INK)
    pieces = font.pieces(mark.text)
    if len(pieces) == 1 and not pieces[0].face:
        canvas.setFont(font.fontName, mark.size)
        draw = canvas.drawRightString if mark.from_right else canvas.drawString
        draw(mark.x, mark.y, pieces[0].text)
        return
    x = mark.x - (font.width(mark.text, size=mark.size) if mark.from_right else 0)
    line = canvas.beginText(x, mark.y)
    for piece in pieces:
        other = used.get(piece.face) if piece.face else None
        line.setFont(other.font.fontName if other else font.fontName, mark.size)
        line.textOut("".join(chr(other.codes[one]) for one in piece.glyphs) if other else piece.text)
    canvas.drawText(line)


def _draw_logo(canvas: Canvas, mark: Picture, jpeg: bytes) -> None:
    """As large as its box allows, in the upper left corner of it."""
    with Image.open(io.BytesIO(jpeg)) as image:
        scale = min(mark.width / image.width, mark.height / image.height)
        width, height = image.width * scale, image.height * scale
    canvas.drawImage(ImageReader(io.BytesIO(jpeg)), mark.x, mark.top - height, width=width, height=height)


def _watermark(canvas: Canvas, word: str) -> None:
    canvas.saveState()
    canvas.translate((LEFT + RIGHT) / 2, PAGE_HEIGHT / 2)
    canvas.rotate(52)
    canvas.setFillGray(WATERMARK)
    canvas.setFont(fonts().bold.fontName, 110)
    canvas.drawCentredString(0, -40, word)
    canvas.restoreState()
