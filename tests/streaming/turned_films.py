"""Films as phones write them: the picture lies on its side, and a mark in the file says how to turn it."""

import struct
from pathlib import Path

# (a, b, c, d) of the mark for so many quarters against the clock
QUARTERS = ((1.0, 0.0, 0.0, 1.0), (0.0, -1.0, 1.0, 0.0), (-1.0, 0.0, 0.0, -1.0), (0.0, 1.0, -1.0, 0.0))


def turned(lying: Path, path: Path, mark: tuple[float, float, float, float]) -> Path:
    """The same film with this mark in its track's header."""
    content = bytearray(lying.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (round(each * (1 << 16)) for each in mark)
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path
