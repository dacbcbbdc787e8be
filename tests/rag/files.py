"""The smallest files of each kind that a parser takes for real."""

import zipfile
from pathlib import Path

_TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'
_DEFAULTS = (
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    "{}</Relationships>"
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


def write_docx(path: Path, heading: str, paragraph: str, rows: list[list[str]]) -> None:
    """Writes a Word file with a heading, a paragraph and a table."""
    cells = "".join("<w:tr>" + "".join(f"<w:tc>{_word(cell)}</w:tc>" for cell in row) + "</w:tr>" for row in rows)
    titled = f'<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>{heading}</w:t></w:r></w:p>'
    body = (
        f'<w:document xmlns:w="{_WORD}"><w:body>{titled}{_word(paragraph)}<w:tbl>{cells}</w:tbl></w:body></w:document>'
    )
    style = '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>'
    _package(
        path,
        "word/document.xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        {
            "word/document.xml": body,
            "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{style}</w:styles>',
            "word/_rels/document.xml.rels": _RELATIONS.format(_relation("rId1", "styles", "styles.xml")),
        },
    )


def write_xlsx(path: Path, sheet: str, rows: list[list[str]]) -> None:
    """Writes a workbook with one sheet."""
    lines = "".join(
        f'<row r="{number}">' + "".join(_cell(column, number, text) for column, text in enumerate(row)) + "</row>"
        for number, row in enumerate(rows, 1)
    )
    named = f'<sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets>'
    _package(
        path,
        "xl/workbook.xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        {
            "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}">{named}</workbook>',
            "xl/_rels/workbook.xml.rels": _RELATIONS.format(_relation("rId1", "worksheet", "worksheets/sheet1.xml")),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{lines}</sheetData></worksheet>',
        },
    )


def write_pptx(path: Path, title: str, text: str) -> None:
    """Writes a presentation of one slide."""
    shapes = _shape(1, '<p:ph type="title"/>', title) + _shape(2, '<p:ph idx="1"/>', text)
    tree = f"<p:cSld><p:spTree><p:nvGrpSpPr/><p:grpSpPr/>{shapes}</p:spTree></p:cSld>"
    namespaces = f'xmlns:p="{_SLIDES}" xmlns:r="{_OFFICE}"'
    listed = '<p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst>'
    _package(
        path,
        "ppt/presentation.xml",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
        {
            "ppt/presentation.xml": f"<p:presentation {namespaces}>{listed}</p:presentation>",
            "ppt/_rels/presentation.xml.rels": _RELATIONS.format(_relation("rId1", "slide", "slides/slide1.xml")),
            "ppt/slides/slide1.xml": f'<p:sld xmlns:p="{_SLIDES}" xmlns:a="{_DRAWING}">{tree}</p:sld>',
        },
    )


def write_pdf(path: Path, text: str) -> None:
    """Writes a PDF of one page; without text, the page shows a line."""
    write_pages(path, [text])


def _package(path: Path, main: str, kind: str, parts: dict[str, str]) -> None:
    override = f'<Override PartName="/{main}" ContentType="{kind}"/>'
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("[Content_Types].xml", _TYPES.format(_DEFAULTS + override))
        package.writestr("_rels/.rels", _RELATIONS.format(_relation("rId1", "officeDocument", main)))
        for name, content in parts.items():
            package.writestr(name, content)


def _relation(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _word(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def _cell(column: int, row: int, text: str) -> str:
    return f'<c r="{chr(ord("A") + column)}{row}" t="inlineStr"><is><t>{text}</t></is></c>'


def _shape(number: int, placeholder: str, text: str) -> str:
    named = f'<p:nvSpPr><p:cNvPr id="{number}" name="{number}"/><p:cNvSpPr/><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr>'
    body = f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody>"
    return f"<p:sp>{named}<p:spPr/>{body}</p:sp>"


def write_pages(path: Path, texts: list[str]) -> None:
    """Writes a PDF with a line of text on each page, or none."""
    contents = [f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else "0 0 m 100 100 l S" for text in texts]
    _pdf(path, contents, "/Font << /F1 3 0 R >>", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")


def write_scan(path: Path, pages: int) -> None:
    """Writes a PDF whose pages show a picture and hold no text."""
    picture = (
        "<< /Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 64 >>"
    )
    _pdf(
        path,
        ["q 600 0 0 700 0 0 cm /I1 Do Q"] * pages,
        "/XObject << /I1 3 0 R >>",
        f"{picture}\nstream\n{'x' * 64}\nendstream",
    )


def write_zip(path: Path, parts: dict[str, str]) -> None:
    """Adds parts to an archive, or makes one of them."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def _pdf(path: Path, contents: list[str], resources: str, resource: str) -> None:
    """Writes a PDF with a page for each content; the one resource is its third object."""
    count = len(contents)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(count))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {count} >>", resource]
    for number, content in enumerate(contents):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            f"/Resources << {resources} >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    written = "%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    path.write_text(
        f"{written}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(written)}\n%%EOF\n"
    )
