"""Turns a laid-out document into the bytes of a PDF: always the same ones for the same content.

No moment, no random id and no machine setting goes in. Streams stay uncompressed, because two builds of zlib
need not compress alike. One document is painted at a time: reportlab's fonts remember where they are read.
"""

import io
from threading import Lock

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from billing.documents.content import Document
from billing.documents.fonts import fonts
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
        file = io.BytesIO()
        canvas = _canvas(file, document)
        for page in pages:
            _paint_page(canvas, page, document)
        canvas.save()
        return file.getvalue()


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


def _paint_page(canvas: Canvas, page: list[Mark], document: Document) -> None:
    if document.is_draft:
        _watermark(canvas, wording_for(document.language).draft)
    for mark in page:
        match mark:
            case Text():
                _write(canvas, mark)
            case Rule():
                canvas.setStrokeGray(INK if mark.strong else LINE)
                canvas.setLineWidth(0.7)
                canvas.line(mark.left, mark.y, RIGHT, mark.y)
            case Picture():
                _draw_logo(canvas, mark, document.logo or b"")
    canvas.showPage()


def _write(canvas: Canvas, mark: Text) -> None:
    font = fonts().bold if mark.bold else fonts().regular
    canvas.setFont(font.fontName, mark.size)
    canvas.setFillGray(MUTED if mark.muted else INK)
    if mark.from_right:
        canvas.drawRightString(mark.x, mark.y, mark.text)
    else:
        canvas.drawString(mark.x, mark.y, mark.text)


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
