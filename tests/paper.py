"""What a printed page is, read from its PDF: how many pages, how large, in whose letters, and whether they say a text."""

import re
import zlib


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def says(pdf: bytes, text: str) -> bool:
    """Whether every sign of the text has its glyph in an embedded font: it stands in that font's table of characters."""
    tables = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            tables += zlib.decompress(stream)
        except zlib.error:
            continue
    return all(f"<{ord(sign):04X}>".encode() in tables.upper() for sign in text)


def check_a4_with_its_letters(pdf: bytes) -> None:
    """Our own font, every glyph of it in the file: a variable font goes as drawings (Type 3); nothing of what a printer has."""
    assert re.search(rb"/FontName\s*/[A-Z]{6}\+NotoSansSC", pdf), "ours, not what a printer has"
    wrapped = len(re.findall(rb"/Subtype\s*/Type0\b", pdf))  # a font around another one, whose file is counted there
    fonts, drawn = re.findall(rb"/Type\s*/Font\b", pdf), re.findall(rb"/Subtype\s*/Type3\b|/FontFile[23]?\b", pdf)
    assert len(fonts) - wrapped == len(drawn) > 0
    a4 = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert a4 is not None
    assert (round(float(a4[1])), round(float(a4[2]))) in ((595, 842), (594, 842), (595, 841))
