"""Every error of ours, one tree. Raise where a rule breaks; catch at a door, where `status` says how to answer.

    CommandCentreError
    ├── BadInput            400  what was sent is not of the form the door takes
    │   ├── TooLarge        413
    │   ├── TooSlow         408
    │   ├── OtherProtocol   412
    │   ├── NotMedia        415
    │   └── WrongDigest     460  as tus 1.0 has it
    ├── NotSignedIn         401  nobody we know
    ├── NotPermitted        403  somebody we know, who may not
    ├── NotFound            404
    │   └── Gone            410
    ├── RuleBroken          409  understood, allowed to ask, and not possible now
    │   ├── TransitionRefused
    │   ├── AlreadyOwned         somebody else was first; says who
    │   └── Locked          423  somebody else is at it in this moment
    ├── TooMany             429  with the seconds to wait
    ├── Unavailable         503  nothing was kept; try again
    │   ├── BusUnavailable
    │   ├── DatabaseUnavailable
    │   ├── StorageFull
    │   │   └── NoRoom      507  for what is still to come; try again when there is
    │   └── LaneFull
    └── Misconfigured            a start that must not happen

`code` is stable; the Chinese sentence stands in `texts/zh.toml` under `error.<code>`, with `params` for its named holes.
"""

from typing import ClassVar


class CommandCentreError(Exception):
    """Something the person must be told, by `code` and `params`, never by this English text."""

    code: str = "internal"
    status: ClassVar[int] = 500

    def __init__(self, detail: str = "", *, code: str | None = None, **params: object) -> None:
        super().__init__(detail or code or type(self).code)
        if code is not None:
            self.code = code
        self.params = params


class BadInput(CommandCentreError):
    code = "input.bad"
    status = 400


class TooLarge(BadInput):
    code = "input.too_large"
    status = 413


class TooSlow(BadInput):
    """The sender takes too long for what it sends."""

    code = "input.too_slow"
    status = 408


class OtherProtocol(BadInput):
    """The sender speaks another version than we do."""

    code = "input.other_protocol"
    status = 412


class NotMedia(BadInput):
    """A file that is not what it must be, judged by what is in it."""

    code = "input.not_media"
    status = 415


class WrongDigest(BadInput):
    """What came is not what the sender promised."""

    code = "input.wrong_digest"
    status = 460


class NotSignedIn(CommandCentreError):
    code = "identity.not_signed_in"
    status = 401


class NotPermitted(CommandCentreError):
    code = "identity.not_permitted"
    status = 403


class NotFound(CommandCentreError):
    code = "not_found"
    status = 404


class Gone(NotFound):
    """It was here, and will not come back."""

    code = "not_found.gone"
    status = 410


class RuleBroken(CommandCentreError):
    code = "rule.broken"
    status = 409


class TransitionRefused(RuleBroken):
    """A step that the state machine does not have, as answering a call that has ended."""

    code = "transition_refused"


class ArchiveChanged(RuleBroken):
    """An archive file is not the one whose digest stands in the journal; nothing of it is shown. params: day."""

    code = "archive.changed"


class AlreadyOwned(RuleBroken):
    """Two people pressed «我来处理»; this is for the second. params: owner (role and surname), since."""

    code = "already_owned"


class Locked(RuleBroken):
    code = "locked"
    status = 423


class TooMany(CommandCentreError):
    """params: retry_after_s."""

    code = "too_many"
    status = 429

    def __init__(self, detail: str = "", *, retry_after_s: int, code: str | None = None, **params: object) -> None:
        super().__init__(detail, code=code, retry_after_s=retry_after_s, **params)
        self.retry_after_s = retry_after_s


class Unavailable(CommandCentreError):
    code = "unavailable"
    status = 503


class BusUnavailable(Unavailable):
    code = "unavailable.bus"


class DatabaseUnavailable(Unavailable):
    code = "unavailable.database"


class ProviderUnavailable(Unavailable):
    """The court's identity provider does not answer; names and passwords of ours work."""

    code = "unavailable.provider"


class StorageFull(Unavailable):
    code = "unavailable.storage_full"


class NoRoom(StorageFull):
    code = "unavailable.no_room"
    status = 507


class LaneFull(Unavailable):
    """More work waits than the bounded lane takes; nothing of this request was kept."""

    code = "unavailable.busy"


class Misconfigured(CommandCentreError):
    code = "misconfigured"
