"""What a browser may hold of us, as one short word: the build. Imports nothing heavy."""

import hashlib
from pathlib import Path

HERE = Path(__file__).parent


def build_of(folder: Path) -> str:
    """Changes with every file that a browser may hold: a page of another build renews itself."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in ("assets/**/*", "field/static/*", "texts/*") for path in folder.glob(pattern) if path.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]
