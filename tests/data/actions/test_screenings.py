"""From a recording to the stage: what is not masked, certified twice and live is never shown, and what is revoked is gone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from data.actions.clips import (
    ask_rendering,
    cancel_rendering,
    cut_clip,
    fail_rendering,
    keep_rendered,
    mask_clip,
    next_rendering,
    purge_clip,
    tell_rendering,
)
from data.actions.recordings import Segment, begin_recording, keep_segment
from data.actions.releases import certify_release, propose_release, revoke_changed, revoke_release
from data.actions.screenings import (
    Place,
    begin_screening,
    black_out,
    end_screening,
    invite_stage,
    lift_blackout,
    open_stage,
    plan_screening,
    play_item,
    set_programme,
    show_item,
)
from data.errors import BadInput, NotFound, NotPermitted, RuleBroken, TransitionRefused
from data.journal import entries_after
from data.queries.released import released_file, stage
from data.queries.screenings import clip, one_screening, revoked_clips
from data.queries.wall import sight_of
from data.rules.permissions import NOBODY, SYSTEM, Actor, Clearance, Role, Sight
from data.rules.release import ReleaseState
from tests.data.small_court import COURT, SmallCourt, ulid

SHA, OTHER = "ab" * 32, "cd" * 32
OPEN = {"windows": [[[0, 0.25, 0.25, 0.5, 0.5]]], "sounds": [[0, 2_000, "PLAIN"]]}
STAGE = Sight(Clearance.STAGE, Role.STAGE, COURT, positions=False)


def cut(court: SmallCourt, title: str = "一间厂房的腾退") -> str:
    recording_id = ulid()
    began = court.now
    court.do(SYSTEM, begin_recording, recording_id, "s", None)
    court.do(SYSTEM, keep_segment, recording_id, Segment(1, "webm", began, 60_000, 8_000_000, OTHER))
    court.later(60)
    return court.do(
        court.duty, cut_clip, recording_id, began + timedelta(seconds=5), began + timedelta(seconds=25), title, "期限届满", "EVICTION"
    )


def render(court: SmallCourt, clip_id: str, sha256: str = SHA) -> None:
    court.do(court.duty, mask_clip, clip_id, OPEN, False)
    court.do(court.duty, ask_rendering, clip_id)
    wanted = court.do(SYSTEM, next_rendering)
    assert wanted is not None
    assert wanted.clip_id == clip_id
    assert court.do(SYSTEM, keep_rendered, clip_id, sha256, 1_000, 20_000, [each[3] for each in wanted.files])


def released(court: SmallCourt, sha256: str = SHA) -> tuple[str, str]:
    clip_id = cut(court)
    render(court, clip_id, sha256)
    release_id = court.do(court.duty, propose_release, clip_id, "SCREENING")
    assert court.do(court.duty, certify_release, release_id, sha256) == ReleaseState.CERTIFIED_1
    assert court.do(court.president, certify_release, release_id, sha256) == ReleaseState.LIVE
    return clip_id, release_id


def on_stage(court: SmallCourt, *places: Place) -> tuple[str, str]:
    """A screening that runs; its id, and the session of its stage."""
    screening_id = court.do(court.duty, plan_screening, "一月警示教育")
    court.do(court.duty, set_programme, screening_id, places)
    session_id = court.do(NOBODY, open_stage, court.do(court.duty, invite_stage, screening_id)).session_id
    court.do(court.duty, begin_screening, screening_id)
    return screening_id, session_id


def shown(court: SmallCourt, session_id: str, sight: Sight = STAGE) -> Any:
    with court.database.reading() as session:
        return stage(session, sight, session_id, court.now)


def state_of(court: SmallCourt, clip_id: str) -> Any:
    with court.database.reading() as session:
        found = clip(session, sight_of(court.duty), clip_id)
    assert found.release is not None
    return found.release.state


def test_a_clip_goes_all_the_way_and_is_seen(court: SmallCourt) -> None:
    _, release_id = released(court)
    screening_id, session_id = on_stage(court, Place(title="法律规定", words="第一行\n第二行"), Place(release_id))
    assert shown(court, session_id).item is None, "the court's card first"
    court.do(court.duty, show_item, screening_id, 1)
    court.later(3)
    view = shown(court, session_id).item
    assert (view.title, view.words, view.playing, view.at_ms, view.duration_ms) == ("一间厂房的腾退", "期限届满", True, 3_000, 20_000)
    assert view.certified == ("法官", "院长"), "an audience sees roles, no names"
    court.do(court.duty, show_item, screening_id, 0)
    assert (shown(court, session_id).item.words, shown(court, session_id).item.release_id) == ("第一行\n第二行", None)


def test_the_originals_digests_stand_beside_the_derivatives(court: SmallCourt) -> None:
    clip_id, _ = released(court)
    with court.database.reading() as session:
        rendered = [entry.payload for entry in entries_after(session, 0) if entry.kind == "clip.rendered"]
    assert [(each["clip_id"], each["sha256"], list(each["originals"])) for each in rendered] == [(clip_id, SHA, [OTHER])]


def test_two_different_people_certify_the_file_that_they_watched(court: SmallCourt) -> None:
    clip_id = cut(court)
    release_id = court.do(court.duty, propose_release, clip_id, "SCREENING")
    with pytest.raises(RuleBroken, match="another file"):
        court.do(court.duty, certify_release, release_id, SHA)
    render(court, clip_id)
    with pytest.raises(RuleBroken) as refused:
        court.do(court.duty, certify_release, release_id, OTHER)
    assert refused.value.code == "release.other_file"
    court.do(court.duty, certify_release, release_id, SHA)
    with pytest.raises(NotPermitted) as twice:
        court.do(court.duty, certify_release, release_id, SHA)
    assert twice.value.code == "release.same_person"
    with pytest.raises(NotPermitted):
        court.do(court.inspector, certify_release, release_id, SHA)
    assert state_of(court, clip_id) == ReleaseState.CERTIFIED_1


def test_a_minor_in_the_picture_blocks_it_and_nobody_forgets_to_look(court: SmallCourt) -> None:
    clip_id = cut(court)
    court.do(court.duty, mask_clip, clip_id, OPEN, None)
    with pytest.raises(RuleBroken) as unsaid:
        court.do(court.duty, ask_rendering, clip_id)
    assert unsaid.value.code == "clip.minor_unsaid"
    court.do(court.duty, mask_clip, clip_id, OPEN, True)
    court.do(court.duty, ask_rendering, clip_id)
    court.do(SYSTEM, next_rendering)
    court.do(SYSTEM, keep_rendered, clip_id, SHA, 1_000, 20_000, [])
    release_id = court.do(court.duty, propose_release, clip_id, "SCREENING")
    with pytest.raises(RuleBroken) as blocked:
        court.do(court.duty, certify_release, release_id, SHA)
    assert blocked.value.code == "release.minor"


def test_another_mask_voids_what_was_certified(court: SmallCourt) -> None:
    clip_id, release_id = released(court)
    _, session_id = on_stage(court, Place(release_id))
    court.do(court.duty, mask_clip, clip_id, OPEN, False)
    assert state_of(court, clip_id) == ReleaseState.REVOKED
    with court.database.reading() as session, pytest.raises(NotFound):
        released_file(session, STAGE, session_id, release_id)


@pytest.mark.parametrize("how", ["decided", "objection", "changed"])
def test_what_is_revoked_is_gone_from_a_running_stage(court: SmallCourt, how: str) -> None:
    _, release_id = released(court)
    screening_id, session_id = on_stage(court, Place(release_id))
    court.do(court.duty, show_item, screening_id, 0)
    with court.database.reading() as session:
        assert released_file(session, STAGE, session_id, release_id).sha256 == SHA
    if how == "changed":
        assert court.do(SYSTEM, revoke_changed, release_id)
    else:
        court.do(court.inspector, revoke_release, release_id, "片中人认出自己", how == "objection")
    assert shown(court, session_id).item is None
    with court.database.reading() as session, pytest.raises(NotFound):
        released_file(session, STAGE, session_id, release_id)
    with pytest.raises(RuleBroken):
        court.do(court.duty, show_item, screening_id, 0)
    with pytest.raises(TransitionRefused):
        court.do(court.duty, revoke_release, release_id, "再来一次")


def test_what_is_not_live_cannot_be_put_in_or_begun_with(court: SmallCourt) -> None:
    clip_id = cut(court)
    proposed = court.do(court.duty, propose_release, clip_id, "SCREENING")
    screening_id = court.do(court.duty, plan_screening, "一月")
    with pytest.raises(RuleBroken) as early:
        court.do(court.duty, set_programme, screening_id, [Place(proposed)])
    assert early.value.code == "screening.not_released"
    with pytest.raises(RuleBroken) as empty:
        court.do(court.duty, begin_screening, screening_id)
    assert empty.value.code == "screening.empty"
    _, release_id = released(court)
    court.do(court.duty, set_programme, screening_id, [Place(release_id)])
    with pytest.raises(RuleBroken) as nobody_sees:
        court.do(court.duty, begin_screening, screening_id)
    assert nobody_sees.value.code == "screening.no_stage"
    court.do(court.duty, revoke_release, release_id, "不妥")
    with pytest.raises(RuleBroken) as late:
        court.do(court.duty, begin_screening, screening_id)
    assert late.value.code == "screening.not_released"


def test_a_programme_that_somebody_else_changed_meanwhile_stays_as_it_is(court: SmallCourt) -> None:
    _, release_id = released(court)
    screening_id = court.do(court.duty, plan_screening, "一月")
    card = Place(title=" 执行和解 ", words="双方可以自愿达成和解协议。\n不同意也可以。\n\n")
    kept = Place(title="执行和解", words="双方可以自愿达成和解协议。\n不同意也可以。")
    court.do(court.duty, set_programme, screening_id, [Place(release_id)], [])
    with pytest.raises(RuleBroken) as changed:
        court.do(court.president, set_programme, screening_id, [card], [])
    assert changed.value.code == "screening.other_programme"
    court.do(court.president, set_programme, screening_id, [Place(release_id), card], [Place(release_id)])
    court.do(court.duty, set_programme, screening_id, [kept, Place(release_id)], [Place(release_id), kept])
    with court.database.reading() as session:
        view = one_screening(session, sight_of(court.duty), screening_id, court.now)
    assert [each.kind for each in view.places] == ["CARD", "CLIP"]


def test_a_release_for_one_party_never_comes_before_an_audience(court: SmallCourt) -> None:
    clip_id = cut(court)
    render(court, clip_id)
    release_id = court.do(court.duty, propose_release, clip_id, "PARTY")
    assert court.do(court.duty, certify_release, release_id, SHA) == ReleaseState.LIVE
    screening_id = court.do(court.duty, plan_screening, "一月")
    with pytest.raises(RuleBroken):
        court.do(court.duty, set_programme, screening_id, [Place(release_id)])


def test_black_stands_still_and_goes_on_only_by_the_host(court: SmallCourt) -> None:
    _, release_id = released(court)
    screening_id, session_id = on_stage(court, Place(release_id))
    court.do(court.duty, show_item, screening_id, 0)
    court.later(4)
    locked = replace(court.duty, locked=True)
    assert court.do(locked, black_out, screening_id), "nobody looks for his PIN then"
    with pytest.raises(NotPermitted):
        court.do(locked, lift_blackout, screening_id)
    assert not court.do(court.duty, black_out, screening_id)
    court.later(60)
    assert shown(court, session_id).black
    with pytest.raises(TransitionRefused):
        court.do(court.duty, play_item, screening_id, True)
    assert court.do(court.duty, lift_blackout, screening_id)
    view = shown(court, session_id)
    assert (view.black, view.item.playing, view.item.at_ms) == (False, False, 4_000)
    court.do(court.duty, play_item, screening_id, True)
    court.later(100)
    assert shown(court, session_id).item.at_ms == 20_000, "not beyond its end"


def test_the_stage_is_one_browser_and_nobody_else_reads_as_it_does(court: SmallCourt) -> None:
    _, release_id = released(court)
    screening_id, session_id = on_stage(court, Place(release_id))
    for name, sight in court.sights().items():
        assert shown(court, session_id, sight) is None, name
    assert shown(court, ulid()) is None
    secret = court.do(court.duty, invite_stage, screening_id)
    again = court.do(NOBODY, open_stage, secret)
    assert shown(court, session_id) is None, "the browser before is none any more"
    assert shown(court, again.session_id) is not None
    with pytest.raises(NotFound):
        court.do(NOBODY, open_stage, secret)
    court.do(court.duty, end_screening, screening_id)
    assert shown(court, again.session_id) is None
    with pytest.raises(RuleBroken):
        court.do(court.duty, invite_stage, screening_id)


def test_a_link_of_another_purpose_opens_no_stage(court: SmallCourt) -> None:
    from data.actions.links import make_link
    from data.rules.links import Purpose

    secret = court.do(SYSTEM, make_link, Purpose.DIRECTOR)
    with pytest.raises(NotFound):
        court.do(NOBODY, open_stage, secret)


def test_a_rendering_is_cancelled_failed_and_asked_for_again(court: SmallCourt) -> None:
    clip_id = cut(court)
    assert court.do(SYSTEM, next_rendering) is None
    court.do(court.duty, mask_clip, clip_id, OPEN, False)
    court.do(court.duty, ask_rendering, clip_id)
    assert court.do(SYSTEM, next_rendering) is not None
    assert court.do(SYSTEM, next_rendering) is not None, "a process that died left it half done"
    assert court.do(SYSTEM, tell_rendering, clip_id, 40)
    court.do(court.duty, cancel_rendering, clip_id)
    assert not court.do(SYSTEM, tell_rendering, clip_id, 50)
    assert not court.do(SYSTEM, keep_rendered, clip_id, SHA, 1, 1, [])
    assert court.do(SYSTEM, next_rendering) is None
    court.do(court.duty, ask_rendering, clip_id)
    court.do(SYSTEM, next_rendering)
    assert court.do(SYSTEM, fail_rendering, clip_id, "mask.no_picture")
    with pytest.raises(TransitionRefused):
        court.do(court.duty, cancel_rendering, clip_id)


def test_a_masked_file_goes_thirty_days_after_its_last_release_was_revoked(court: SmallCourt) -> None:
    clip_id, release_id = released(court)
    court.later(100 * 86_400)
    assert court.do(SYSTEM, purge_clip, clip_id) is None, "it lives"
    court.do(court.duty, revoke_release, release_id, "不妥")
    court.later(29 * 86_400)
    with court.database.reading() as session:
        assert revoked_clips(session, court.now) == []
    assert court.do(SYSTEM, purge_clip, clip_id) is None
    court.later(2 * 86_400)
    with court.database.reading() as session:
        assert revoked_clips(session, court.now) == [clip_id]
    assert court.do(SYSTEM, purge_clip, clip_id) == SHA
    assert court.do(SYSTEM, purge_clip, clip_id) is None
    court.do(court.duty, ask_rendering, clip_id)  # it can be made again: the mask is still there


def test_a_clip_that_is_proposed_again_keeps_its_file(court: SmallCourt) -> None:
    clip_id, release_id = released(court)
    court.do(court.duty, revoke_release, release_id, "不妥")
    court.do(court.duty, propose_release, clip_id, "SCREENING")
    court.later(60 * 86_400)
    assert court.do(SYSTEM, purge_clip, clip_id) is None


def test_a_clip_lies_within_its_recording(court: SmallCourt) -> None:
    clip_id = cut(court)
    with court.database.reading() as session:
        there = clip(session, sight_of(court.duty), clip_id)
    for before, after, code in ((-10, 5, "clip.outside"), (0, 600, "clip.outside"), (5, 5, "mask.bad_length")):
        began = there.from_at - timedelta(seconds=5)
        span = began + timedelta(seconds=before), began + timedelta(seconds=after)
        with pytest.raises(BadInput) as refused:
            court.do(court.duty, cut_clip, there.recording_id, *span, "一", None, "OTHER")
        assert refused.value.code == code


@pytest.mark.parametrize("who", ["phone", "technical", "inspector"])
def test_only_the_centre_clears_and_hosts(court: SmallCourt, who: str) -> None:
    actor: Actor = getattr(court, who)
    clip_id = cut(court)
    acts: tuple[tuple[Any, ...], ...] = (
        (mask_clip, clip_id, OPEN, False), (ask_rendering, clip_id), (propose_release, clip_id, "SCREENING"), (plan_screening, "一月"),
        (next_rendering,),
    )  # fmt: skip
    for action, *given in acts:
        with pytest.raises(NotPermitted):
            court.do(actor, action, *given)
    with court.database.reading() as session, pytest.raises(NotPermitted):
        one_screening(session, replace(sight_of(actor), court_code=COURT), ulid(), court.now)
