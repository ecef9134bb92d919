"""Labels for machines: a sheet of stickers as PDF, each with the QR code of the machine's page on the website."""

from io import BytesIO

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

COLUMNS, ROWS = 2, 5
WIDTH, HEIGHT = 99 * mm, 57 * mm  # ten stickers on a sheet of A4
LEFT, TOP = (A4[0] - COLUMNS * WIDTH) / 2, (A4[1] - ROWS * HEIGHT) / 2
QR = 45 * mm
MARGIN = 6 * mm
FONT, SIZE, LINES = "Helvetica-Bold", 13, 5


def sheet(labels):
    """The PDF (bytes) of labels, given as (name, address of the page)."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=0)
    canvas.setTitle("Labels")
    for number, (name, url) in enumerate(labels):
        place = number % (COLUMNS * ROWS)
        if number and not place:
            canvas.showPage()
        row, column = divmod(place, COLUMNS)
        _draw(canvas, LEFT + column * WIDTH, A4[1] - TOP - (row + 1) * HEIGHT, name, url)
    canvas.save()
    return out.getvalue()


def _draw(canvas, left, bottom, name, url):
    """One label: the code, which is a link on screens too, and the name beside it."""
    code = QrCodeWidget(url, barLevel="M", barWidth=QR, barHeight=QR, barBorder=4)
    drawing = Drawing(QR, QR)
    drawing.add(code)
    below = bottom + (HEIGHT - QR) / 2
    renderPDF.draw(drawing, canvas, left + MARGIN, below)
    canvas.linkURL(url, (left + MARGIN, below, left + MARGIN + QR, below + QR))
    canvas.setFont(FONT, SIZE)
    beside = left + MARGIN + QR + MARGIN / 2
    for line, text in enumerate(simpleSplit(name, FONT, SIZE, left + WIDTH - beside - MARGIN)[:LINES]):
        canvas.drawString(beside, bottom + HEIGHT / 2 + 8 - line * (SIZE + 3), text)
