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


def texts(pdf: bytes) -> list[str]:
    """What each page says, as far as its fonts say which sign a glyph is; the order of drawing is that of reading."""
    objects = {int(no): body for no, body in re.findall(rb"(\d+) 0 obj\b(.*?)\bendobj", pdf, re.DOTALL)}
    found = []
    for body in (each for each in objects.values() if re.search(rb"/Type\s*/Page\b", each)):
        fonts = {name: _signs(objects, int(no)) for name, no in re.findall(rb"/(F\d+) (\d+) 0 R", body)}
        inner = re.search(rb"/Resources (\d+) 0 R", body)
        if inner is not None:
            fonts |= {name: _signs(objects, int(no)) for name, no in re.findall(rb"/(F\d+) (\d+) 0 R", objects[int(inner[1])])}
        said, font = "", {}
        content = re.search(rb"/Contents (\d+) 0 R", body)
        for name, shown in re.findall(rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>", _stream(objects[int(content[1])]) if content else b""):
            if name:
                font = fonts.get(name, {})
            width = 2 if shown and max(font, default=0) < 256 else 4
            said += "".join(font.get(int(shown[at : at + width], 16), "") for at in range(0, len(shown), width))
        found.append(said)
    return found


def _signs(objects: dict[int, bytes], no: int) -> dict[int, str]:
    """Which sign each glyph of a font is."""
    table = re.search(rb"/ToUnicode (\d+) 0 R", objects.get(no, b""))
    if table is None:
        return {}
    said, signs = _stream(objects[int(table[1])]), {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", said, re.DOTALL):
        for glyph, sign in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            signs[int(glyph, 16)] = bytes.fromhex(sign.decode()).decode("utf-16-be", "replace")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", said, re.DOTALL):
        for first, last, sign in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            for place in range(int(first, 16), int(last, 16) + 1):
                signs[place] = chr(int(sign, 16) + place - int(first, 16))
    return signs


def _stream(body: bytes) -> bytes:
    found = re.search(rb"stream\r?\n(.*)\r?\nendstream", body, re.DOTALL)
    if found is None:
        return b""
    try:
        return zlib.decompress(found[1])
    except zlib.error:
        return found[1]
