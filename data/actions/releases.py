"""Releases: a clip is proposed for an audience, its masked file certified by two people, live, and revoked by whoever must."""

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held, next_number
from data.errors import NotPermitted, RuleBroken
from data.events import ReleaseCertified, ReleaseMasked, ReleaseProposed, ReleaseRevoked, ReleaseWentLive
from data.journal import Work
from data.rules import release, words
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.rules.release import Cause, Certified, ReleaseState
from data.tables import ClipRow, ReleaseRow

MISSING = "not_found.release"


def propose_release(work: Work, clip_id: str, audience: str) -> str:
    """Returns the release's id; the open one of this clip and audience, if there is one. Raises NotFound, BadInput release.audience."""
    allowed(work, Verb.CLEAR_CLIP)
    clip = held(work, ClipRow, words.ulid(clip_id), "not_found.clip")
    wanted = release.audience(audience)
    known = work.session.scalars(
        select(ReleaseRow).where(ReleaseRow.clip_id == clip.id, ReleaseRow.audience == wanted, ReleaseRow.state != ReleaseState.REVOKED)
    ).one_or_none()
    if known is not None:
        return known.id
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=Verb.CLEAR_CLIP.value)
    row = ReleaseRow(
        id=str(ULID.from_datetime(work.now)),
        number=next_number(work, "放"),
        court_code=work.court_code,
        clip_id=clip.id,
        audience=wanted,
        state=ReleaseState.PROPOSED,
        proposed_by=work.actor.officer_id,
        proposed_at=work.now,
    )
    work.session.add(row)
    work.record(ReleaseProposed(release_id=row.id, clip_id=clip.id, audience=wanted.value))
    if clip.sha256 is not None:
        _mask(work, row, clip.sha256)
    return row.id


def certify_release(work: Work, release_id: str, watched: str) -> ReleaseState:
    """«审签»: this person has watched the file with this digest and stands for it. Returns the state afterwards.

    Raises what `release.check_certificate` raises.
    """
    allowed(work, Verb.CERTIFY_RELEASE)
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=Verb.CERTIFY_RELEASE.value)
    row = held(work, ReleaseRow, words.ulid(release_id), MISSING)
    clip = found(work, ClipRow, row.clip_id, "not_found.clip")
    if row.sha256 is None or row.sha256 != clip.sha256:
        raise RuleBroken("another file", code="release.other_file")
    by, so_far = work.actor.officer_id, Certified(row.first_by, row.second_by)
    audience = release.audience(row.audience)
    there = release.check_certificate(ReleaseState(row.state), audience, so_far, by, row.sha256, watched, clip.minor)
    number = 1 if row.first_by is None else 2
    if number == 1:
        row.first_by, row.first_at = by, work.now
    else:
        row.second_by, row.second_at = by, work.now
    row.state = there
    record_audit(work, Act.RELEASE, "release", row.id, fields=(f"certified:{number}",))
    work.record(ReleaseCertified(release_id=row.id, clip_id=clip.id, number=number, officer_id=by, sha256=row.sha256))
    if there is ReleaseState.LIVE:
        row.live_at = work.now
        work.record(ReleaseWentLive(release_id=row.id, clip_id=clip.id))
    return there


def revoke_release(work: Work, release_id: str, why: str, objection: bool = False) -> None:
    """It stops everywhere now. objection: somebody recognised himself. Raises TransitionRefused, BadInput text.*."""
    allowed(work, Verb.REVOKE_RELEASE)
    row = held(work, ReleaseRow, words.ulid(release_id), MISSING)
    reason = words.word(why, "why", release.WHY_LONGEST)
    release.check_revocable(ReleaseState(row.state))
    _revoke(work, row, Cause.OBJECTION if objection else Cause.DECIDED, reason)
    record_audit(work, Act.RELEASE, "release", row.id, fields=("revoked",), reason=reason)


def revoke_changed(work: Work, release_id: str) -> bool:
    """Its file on disk is not the one that was certified. Returns whether it was live until now."""
    allowed(work, Verb.REVOKE_RELEASE)
    row = held(work, ReleaseRow, words.ulid(release_id), MISSING)
    if row.state == ReleaseState.REVOKED:
        return False
    _revoke(work, row, Cause.CHANGED, None)
    record_audit(work, Act.RELEASE, "release", row.id, fields=("changed",))
    return True


# --- part of other verbs ----------------------------------------------------------------------------------------------------------------


def stop_objected(work: Work, release_id: str) -> None:
    """Somebody before the screen has recognised himself: it stops everywhere. What is revoked already stays as it is."""
    row = held(work, ReleaseRow, release_id, MISSING)
    if row.state != ReleaseState.REVOKED:
        _revoke(work, row, Cause.OBJECTION, None)
        record_audit(work, Act.RELEASE, "release", row.id, fields=("revoked", "objection"))


def begin_anew(work: Work, clip_id: str) -> None:
    """Its mask is another one: what was certified is revoked, what was proposed waits for the new file."""
    for row in _open(work, clip_id):
        if row.state == ReleaseState.LIVE:
            _revoke(work, row, Cause.MASKED_ANEW, None)
            continue
        row.state, row.sha256 = ReleaseState.PROPOSED, None
        row.first_by = row.first_at = row.second_by = row.second_at = None


def masked(work: Work, clip_id: str, sha256: str) -> None:
    """The file is there: what was proposed can be certified."""
    for row in _open(work, clip_id):
        _mask(work, row, sha256)


def _open(work: Work, clip_id: str) -> list[ReleaseRow]:
    open_ones = select(ReleaseRow.id).where(ReleaseRow.clip_id == clip_id, ReleaseRow.state != ReleaseState.REVOKED).order_by(ReleaseRow.id)
    return [held(work, ReleaseRow, release_id, MISSING) for release_id in work.session.scalars(open_ones).all()]


def _mask(work: Work, row: ReleaseRow, sha256: str) -> None:
    row.state, row.sha256 = ReleaseState.MASKED, sha256
    work.record(ReleaseMasked(release_id=row.id, clip_id=row.clip_id, sha256=sha256))


def _revoke(work: Work, row: ReleaseRow, cause: Cause, why: str | None) -> None:
    row.state, row.revoked_at, row.revoked_cause, row.revoked_why = ReleaseState.REVOKED, work.now, cause, why
    work.record(ReleaseRevoked(release_id=row.id, clip_id=row.clip_id, cause=cause.value))
