"""密钥: every key of the house: what it is for, since when, by whom, its fingerprint, what a change does. No key is ever read out."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked
from dashboard.said import Said, actor_of, text_of
from data.actions.joint import propose_joint
from data.actions.keys import MEDIA, revoke_case_token
from data.errors import BadInput
from data.queries.joint import LastChange, Standing, last_changes, standing, waiting
from data.rules.joint import Joint
from data.rules.permissions import Actor, Role, Verb

BY_TWO = (Joint.CASE_TOKEN, Joint.MEDIA_KEY, Joint.SESSIONS)
SEEN_BYTES = 65_536  # of a file whose fingerprint is shown


@dataclass(frozen=True, slots=True)
class Key:
    """One line. name: of its sentences `keys.<name>`, `keys.for_<name>`, `keys.change_<name>`; marks: fingerprints or public keys.

    made: since when; None: there is none. by: of the last change, if a person made it here. ends: when it is over by itself.
    act: what two people may do with it here; revoke: what one may.
    """

    name: str
    made: datetime | None = None
    by: str | None = None
    marks: tuple[str, ...] = ()
    said: str = ""
    ends: datetime | None = None
    act: Joint | None = None
    revoke: bool = False


class Keys(Doors):
    """Below `/centre/admin`."""

    def routes(self) -> list[Route]:
        return [
            self.shown("/keys", self._page),
            self.told("/keys/propose", Verb.CHANGE_KEY, self._propose),
            self.told("/keys/revoke", Verb.CHANGE_KEY, self._revoke),
        ]

    async def _page(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.CHANGE_KEY)
        changed = await self.read(actor, last_changes)
        count = await self.read(actor, standing, self.now())
        waits = await self.read(actor, waiting, self.now(), *BY_TWO)
        listed = await self.lanes.readers.run(lambda: list(self._keys(changed, count)))
        return self.page(
            "keys.html", actor, "keys", keys=listed, waiting=waits, count=count, asked={each.what for each in waits}, now=self.now()
        )

    async def _propose(self, actor: Actor, said: Said) -> Said:
        """{"what"}: case_token, media_key or sessions; another administrator confirms."""
        try:
            what = Joint(text_of(said, "what"))
        except ValueError as error:
            raise BadInput("what", code="input.bad") from error
        if what not in BY_TWO:
            raise BadInput("what", code="input.bad")
        return {"joint": await self.write(actor, propose_joint, what)}

    async def _revoke(self, actor: Actor, _: Said) -> Said:
        """The case system's token ends at once: one person is enough for that."""
        await self.write(actor, revoke_case_token, self.settings.keys)
        return {}

    def _keys(self, changed: dict[str, LastChange], count: Standing) -> Iterator[Key]:
        """In a reader's thread: looks at files."""
        folder, settings = self.settings.keys, self.settings
        yield _of_file("sealing", folder / "sealing.key")
        yield _of_file("media", folder / MEDIA, changed.get("media"), Joint.MEDIA_KEY)
        act = Joint.SESSIONS if count.desks else None
        anew = changed.get("sessions")
        yield Key("sessions", act=act) if anew is None else Key("sessions", anew.at, anew.by, act=act)
        token = folder / f"{Role.CASE_SYSTEM}.digest"
        yield _of_file("case_system", token, changed.get("case_system"), Joint.CASE_TOKEN, revoke=token.is_file())
        yield Key("devices")
        yield Key("backup", marks=settings.backup_recipients)
        yield self._certificate()
        yield _of_file("turn", folder / "turn.secret")
        yield _of_file("metrics", folder / "metrics.token")
        secret = settings.oidc_client_secret_file  # chosen by a person perhaps: even a digest would help to guess it
        said = f"{settings.oidc_client_id} · {settings.oidc_issuer}" if settings.oidc_issuer else ""
        yield Key("oidc", _made(secret) if secret is not None else None, said=said)

    def _certificate(self) -> Key:
        path = self.settings.tls_cert
        if path is None:
            return Key("certificate")
        try:
            leaf = x509.load_pem_x509_certificates(path.read_bytes())[0]
        except (OSError, ValueError, IndexError):
            return Key("certificate", said=str(path))
        mark = _grouped(leaf.fingerprint(SHA256()).hex())
        return Key(
            "certificate", leaf.not_valid_before_utc, marks=(mark,), said=leaf.subject.rfc4514_string(), ends=leaf.not_valid_after_utc
        )


def _of_file(name: str, path: Path, last: LastChange | None = None, act: Joint | None = None, *, revoke: bool = False) -> Key:
    made = _made(path)
    mark = None if made is None else fingerprint(path)
    by = last.by if last is not None and made is not None and last.how != "revoked" else None
    return Key(name, made, by, (mark,) if mark else (), act=act, revoke=revoke)


def fingerprint(path: Path) -> str | None:
    """By which two people know that they speak of the same key; it tells nothing of the key. None: it cannot be read."""
    try:
        with path.open("rb") as file:
            return _grouped(hashlib.sha256(b"ecc fingerprint\n" + file.read(SEEN_BYTES)).hexdigest()[:16])
    except OSError:
        return None


def _grouped(digits: str) -> str:
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _made(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
