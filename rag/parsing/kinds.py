"""Which kinds of files are read by a parser: what people call them, and their type as the parser knows it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file."""

    name: str
    mime_type: str


KINDS = {
    ".csv": Kind("CSV file", "text/csv"),
    ".doc": Kind("Word file", "application/msword"),
    ".docm": Kind("Word file", "application/vnd.ms-word.document.macroEnabled.12"),
    ".docx": Kind("Word file", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ".eml": Kind("mail", "message/rfc822"),
    ".epub": Kind("book", "application/epub+zip"),
    ".htm": Kind("web page", "text/html"),
    ".html": Kind("web page", "text/html"),
    ".key": Kind("Keynote file", "application/x-iwork-keynote-sffkey"),
    ".msg": Kind("mail", "application/vnd.ms-outlook"),
    ".numbers": Kind("Numbers file", "application/x-iwork-numbers-sffnumbers"),
    ".odp": Kind("OpenDocument file", "application/vnd.oasis.opendocument.presentation"),
    ".ods": Kind("OpenDocument file", "application/vnd.oasis.opendocument.spreadsheet"),
    ".odt": Kind("OpenDocument file", "application/vnd.oasis.opendocument.text"),
    ".pages": Kind("Pages file", "application/x-iwork-pages-sffpages"),
    ".pdf": Kind("PDF", "application/pdf"),
    ".ppt": Kind("PowerPoint file", "application/vnd.ms-powerpoint"),
    ".pptm": Kind("PowerPoint file", "application/vnd.ms-powerpoint.presentation.macroEnabled.12"),
    ".pptx": Kind("PowerPoint file", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ".rtf": Kind("RTF file", "application/rtf"),
    ".tsv": Kind("table", "text/tab-separated-values"),
    ".xhtml": Kind("web page", "application/xhtml+xml"),
    ".xls": Kind("Excel file", "application/vnd.ms-excel"),
    ".xlsm": Kind("Excel file", "application/vnd.ms-excel.sheet.macroEnabled.12"),
    ".xlsx": Kind("Excel file", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
