"""A grid of fits as a Word document: a zip of three small XML files.

The least that ECMA-376 (Office Open XML) asks for: the content types, the relation to the document, and the document,
which is a table and what stands below it. The bytes depend on the table alone.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from fedfolder.estimates.formats import legend, paper_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedfolder.estimates.sidebyside import Grid

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_NAMES, _NUMBERS = 2600, 1500  # widths of columns, in twentieths of a point
_INDENT = 240
_SMALL = 18  # half points


def docx(grid: Grid) -> bytes:
    """The document."""
    rows = [_row(["", *grid.names], above=True, below=True, bold=True)]
    found = list(paper_rows(grid))
    first_statistic = next((i for i, (kind, _, _) in enumerate(found) if kind == "statistic"), None)
    for i, (kind, name, cells) in enumerate(found):
        last = i == len(found) - 1
        rows.append(_row([name, *cells], above=i == first_statistic, below=last, indented=kind == "level"))
    widths = [_NAMES, *[_NUMBERS] * len(grid.names)]
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    shape = f'<w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr><w:tblGrid>{columns}</w:tblGrid>'
    table = f"<w:tbl>{shape}{''.join(rows)}</w:tbl>"
    notes = "".join(_paragraph(note, size=_SMALL) for note in (*legend(grid.options), *grid.notes))
    document = f'{_HEAD}<w:document xmlns:w="{WORD}"><w:body>{table}{notes}</w:body></w:document>'
    return _zipped({"[Content_Types].xml": _TYPES, "_rels/.rels": _RELATIONS, "word/document.xml": document})


def _row(
    cells: Sequence[str], *, above: bool = False, below: bool = False, bold: bool = False, indented: bool = False
) -> str:
    sides = [side for side, drawn in (("top", above), ("bottom", below)) if drawn]
    lines = "".join(f'<w:{side} w:val="single" w:sz="6" w:space="0" w:color="auto"/>' for side in sides)
    borders = f"<w:tcBorders>{lines}</w:tcBorders>" if lines else ""
    found = []
    for place, text in enumerate(cells):
        width = _NUMBERS if place else _NAMES
        paragraph = _paragraph(text, right=place > 0, bold=bold, indent=_INDENT if indented and not place else 0)
        found.append(f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{borders}</w:tcPr>{paragraph}</w:tc>')
    return f"<w:tr>{''.join(found)}</w:tr>"


def _paragraph(text: str, *, right: bool = False, bold: bool = False, indent: int = 0, size: int = 0) -> str:
    """One paragraph; the order of the properties is the schema's."""
    layout = '<w:spacing w:before="0" w:after="0"/>'
    layout += f'<w:ind w:left="{indent}"/>' if indent else ""
    layout += '<w:jc w:val="right"/>' if right else ""
    face = ("<w:b/>" if bold else "") + (f'<w:sz w:val="{size}"/>' if size else "")
    run = (
        f'<w:r>{f"<w:rPr>{face}</w:rPr>" if face else ""}<w:t xml:space="preserve">{escape(_allowed(text))}</w:t></w:r>'
        if text
        else ""
    )
    return f"<w:p><w:pPr>{layout}</w:pPr>{run}</w:p>"


def _allowed(text: str) -> str:
    """Without control characters, which XML has no way to write."""
    return "".join(sign for sign in text if sign >= " ")


def _zipped(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()
