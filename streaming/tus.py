"""What tus 1.0 says in headers: versions, lengths, metadata, checksums. Pure. https://tus.io/protocols/resumable-upload"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from data.errors import BadInput, NotMedia, OtherProtocol, WrongDigest

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
CHECKSUMS = ("sha256", "sha1")
BODY = "application/offset+octet-stream"
METADATA_MOST = 4_000  # characters: a name and a digest
WHOLE = re.compile(r"[0-9]{1,15}")

Headers = Mapping[str, str]


def check_version(headers: Headers) -> None:
    """Raises OtherProtocol tus.version."""
    if headers.get("tus-resumable") != VERSION:
        raise OtherProtocol("version", code="tus.version", version=VERSION)


def number(headers: Headers, name: str) -> int:
    """A whole number, not negative. Raises BadInput tus.header."""
    said = headers.get(name, "")
    if not WHOLE.fullmatch(said):
        raise BadInput(name, code="tus.header", header=name)
    return int(said)


def check_body(headers: Headers) -> None:
    """Raises NotMedia tus.body: 415, as the protocol has it."""
    if headers.get("content-type") != BODY:
        raise NotMedia("content type", code="tus.body", kind=BODY)


def metadata(headers: Headers) -> dict[str, str]:
    """`key base64,key base64`. Raises BadInput tus.header."""
    said = headers.get("upload-metadata", "")
    if len(said) > METADATA_MOST:
        raise BadInput("metadata", code="tus.header", header="upload-metadata")
    found = {}
    for pair in filter(None, (each.strip() for each in said.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError as error:  # no base64, no ASCII, no UTF-8
            raise BadInput("metadata", code="tus.header", header="upload-metadata") from error
    return found


def checksum(headers: Headers) -> tuple[str, bytes] | None:
    """Which digest the body of this request must have. Raises BadInput tus.checksum (400: an algorithm of others), WrongDigest."""
    said = headers.get("upload-checksum")
    if said is None:
        return None
    algorithm, _, value = said.partition(" ")
    if algorithm not in CHECKSUMS:
        raise BadInput("algorithm", code="tus.checksum", known=", ".join(CHECKSUMS))
    try:
        return algorithm, base64.b64decode(value.strip(), validate=True)
    except ValueError as error:
        raise WrongDigest("checksum", code="video.wrong_part") from error


def moment(at: datetime) -> str:
    """As `Upload-Expires` has it."""
    return format_datetime(at.astimezone(UTC), usegmt=True)
