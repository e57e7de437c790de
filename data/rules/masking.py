"""How each field looks at each clearance, and who sees it at all. A field that `VISIBLE` does not name is seen by nobody.

Source: `domain/rules.md` E.2. Names of parties are masked when they are written, so that a wall never opens a sealed name.

Visitors are its column «Screening / visitors»: «Planned time/place of a mission: never», «Live officer position: never», «Officer name:
role only», «Case no.: 执×××号». A wall in visitors' mode is treated like that column, also after a team has left, where the column of the
wall would allow the place: whoever stands before it is a visitor, whatever layout it shows.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data.rules.case_numbers import KINDS
from data.rules.name_lists import COMPANY_FORMS, COMPOUND_SURNAMES, TRADES
from data.rules.permissions import Clearance

DESK, WALL, VISITORS, FIELD = Clearance.DESK, Clearance.WALL, Clearance.VISITORS, Clearance.FIELD
OF_PARTY = frozenset({Clearance.PARTY})
CENTRE = frozenset({DESK, WALL})
INSIDE = CENTRE | {FIELD}
SHOWN = CENTRE | {VISITORS}
ALL = SHOWN | {FIELD}
DESKS = frozenset({DESK})

# --- who sees which field of which row --------------------------------------------------------------------------------------------

VISIBLE: dict[str, dict[str, frozenset[Clearance]]] = {
    "recording": {"id": ALL, "call_id": ALL, "unit": ALL, "state": ALL, "began_at": ALL, "broken_at": ALL, "broken_why": INSIDE},
    "court": {"code": ALL, "name": ALL, "duty_phone": frozenset({DESK, FIELD}), "lat": ALL, "lon": ALL},
    "area": {"id": SHOWN, "street": SHOWN, "name": SHOWN, "lat": SHOWN, "lon": SHOWN, "cases": SHOWN},
    "fence": {"id": SHOWN, "name": SHOWN, "kind": SHOWN, "ring": SHOWN, "inside": CENTRE},
    "team": {
        "id": ALL,
        "name": ALL,
        "position": ALL,
        "leader": ALL,
        "members": ALL,
        "status": ALL,
        "mission_id": ALL,
        "place": INSIDE,  # of its mission
        "since_at": ALL,
    },
    "unit": {
        "no": ALL,
        "kind": ALL,
        "label": ALL,
        "who": ALL,
        "team_id": ALL,
        "team": ALL,
        "status": ALL,
        "on_duty": ALL,
        "silent_since_at": INSIDE,
        "silent_until_at": INSIDE,
        "sos_id": ALL,
        "call_id": ALL,
        "mission_id": ALL,
    },
    "case": {
        "id": SHOWN,
        "case_no": SHOWN,
        "cause": SHOWN,
        "matter": SHOWN,
        "stage": SHOWN,
        "node": SHOWN,
        "side_state": SHOWN,
        "judge": SHOWN,
        "claim_cents": CENTRE,
        "recovered_cents": CENTRE,
        "area_id": CENTRE,
        "street": CENTRE,
        "applicant": CENTRE,
        "debtor": CENTRE,
        "changed_at": SHOWN,
        "closed_at": SHOWN,
        "closing_kind": SHOWN,
        "conclusion": DESKS,
        "mission_id": SHOWN,
    },
    "mission": {
        "id": ALL,
        "no": ALL,
        "kind": ALL,
        "matter": ALL,
        "case_id": SHOWN,
        "case_no": ALL,
        "team_id": ALL,
        "team": ALL,
        "vehicle": ALL,
        "area_id": INSIDE,
        "place": INSIDE,
        "lat": INSIDE,
        "lon": INSIDE,
        "planned_from_at": INSIDE,
        "planned_to_at": INSIDE,
        "state": ALL,
        "departed_at": ALL,
        "arrived_at": ALL,
        "ended_at": ALL,
        "outcome": ALL,
        "changed_at": ALL,
        "on_stage": DESKS | {FIELD},  # its people and its desk have been told
    },
    "call": {
        "id": ALL,
        "number": ALL,
        "unit": ALL,
        "who": ALL,
        "team": ALL,
        "team_id": ALL,
        "state": ALL,
        "placed_at": ALL,
        "received_at": ALL,
        "owner": ALL,
        "owner_id": CENTRE,
        "owned_at": ALL,
        "answered_at": ALL,
        "ended_at": ALL,
        "ended_why": ALL,
        "lat": CENTRE,
        "lon": CENTRE,
        "accuracy_m": CENTRE,
        "fix_at": CENTRE,
        "place": CENTRE,
        "mission_id": ALL,
        "matter": ALL,
        "case_no": ALL,
        "kind": ALL,
        "rung_by": ALL,
        "rung_team_id": ALL,
        "media": ALL,
        "mode": ALL,
        "media_at": ALL,
        "rtt_ms": CENTRE,
        "loss_permille": CENTRE,
        "kbps": CENTRE,
        "fps": CENTRE,
        "picture_closed_at": ALL,
        "commander": ALL,
        "commander_id": CENTRE,
        "commanded_at": ALL,
        "output": INSIDE,
        "output_at": INSIDE,
        "whispering": INSIDE,
        "speaking": ALL,
        "conclusion": DESKS,
    },
    "participant": {
        "id": ALL,
        "call_id": ALL,
        "kind": ALL,
        "who": ALL,
        "officer_id": DESKS,
        "wall": ALL,
        "state": ALL,
        "permissions": INSIDE,
        "ask": DESKS,
        "digits": DESKS,  # told by telephone: who reads them off a wall was not invited
        "invited_at": CENTRE,
        "waiting_at": CENTRE,
        "verified_at": CENTRE,
        "expires_at": DESKS,
        "joined_at": ALL,
        "left_at": ALL,
        "media": ALL,
        "mode": ALL,
        "media_at": ALL,
        "party": DESKS,  # which side he is of, and his name as the wall masks it; elsewhere he is «当事人»
        "party_name": DESKS,
        "consented_at": DESKS,
        "muted_at": DESKS,
        "sheet_version": DESKS,
    },
    "party_talk": {  # what a party sees of the one talk that he is in: all of it stands here
        "court": OF_PARTY,
        "case_no": OF_PARTY,  # his own case
        "cause": OF_PARTY,
        "speaker": OF_PARTY,  # title and court
        "streams": OF_PARTY,
        "own": OF_PARTY,
    },
    "whisper": {  # for the officer's eye, and for the desk that sees what was said: never on a wall
        "id": DESKS | {FIELD},
        "call_id": DESKS | {FIELD},
        "who": DESKS | {FIELD},
        "text": DESKS | {FIELD},
        "sent_at": DESKS | {FIELD},
        "seen_at": DESKS | {FIELD},
    },
    "order": {
        "id": ALL,
        "number": ALL,
        "call_id": ALL,
        "call_number": ALL,
        "team_id": ALL,
        "team": ALL,
        "state": ALL,
        "text": INSIDE,
        "lat": INSIDE,  # the team is sent there
        "lon": INSIDE,
        "place": INSIDE,
        "who": ALL,  # whom it helps
        "of_team": ALL,
        "matter": ALL,
        "case_no": ALL,
        "distance_m": INSIDE,
        "eta_s": INSIDE,
        "estimated": INSIDE,
        "sent_by": ALL,
        "sent_at": ALL,
        "delivered_at": ALL,
        "answered_at": ALL,
        "answered_by": ALL,
        "reason": ALL,
        "overdue_at": ALL,
        "arrived_at": ALL,
        "withdrawn_at": ALL,
    },
    "sos": {
        "id": ALL,
        "number": ALL,
        "unit": ALL,
        "who": ALL,
        "team": ALL,
        "team_id": ALL,
        "state": ALL,
        "raised_at": ALL,
        "received_at": ALL,
        "owner": ALL,
        "owner_id": CENTRE,
        "owned_at": ALL,
        "level": ALL,
        "responding_team_id": ALL,
        "closed_at": ALL,
        "lat": CENTRE,
        "lon": CENTRE,
        "accuracy_m": CENTRE,
        "fix_at": CENTRE,
        "battery_pct": CENTRE,
        "place": CENTRE,
        "mission_id": ALL,
        "matter": ALL,
        "case_no": ALL,
    },
    "help": {  # 请法警协助 from a screening: never on a wall, which guests can see
        "id": DESKS,
        "number": DESKS,
        "place": DESKS,
        "asked_at": DESKS,
        "taken_at": DESKS,
        "taken_by": DESKS,
    },
    "wall": {
        "id": SHOWN,
        "name": SHOWN,
        "position": SHOWN,
        "layout": SHOWN,
        "visitors": SHOWN,
        "grid": SHOWN,
        "focus_kind": SHOWN,
        "focus_id": SHOWN,
        "steered_by": SHOWN,
        "steered_at": SHOWN,
        "screens": SHOWN,
    },
    "part": {"name": SHOWN, "state": SHOWN, "since_at": SHOWN, "history": SHOWN},  # of our own processes: nothing of the court
    "fault": {  # what was written stands on the administrator's page alone
        "id": SHOWN,
        "number": SHOWN,
        "face": SHOWN,
        "state": SHOWN,
        "reported_at": SHOWN,
        "taken_at": SHOWN,
        "taken_by": DESKS,
    },
    "entry": {"seq": SHOWN, "kind": SHOWN, "at": SHOWN, "title": SHOWN, "detail": SHOWN, "sign": SHOWN},
    "today": {
        "officers_out": SHOWN,
        "teams_out": SHOWN,
        "missions": SHOWN,
        "on_scene": SHOWN,
        "calls_waiting": SHOWN,
        "calls_open": SHOWN,
        "closed_today": SHOWN,
        "closed_yesterday": SHOWN,
        "recovered_cents_today": CENTRE,
        "payments_today": CENTRE,
        "sos_open": SHOWN,
        "sos_today": SHOWN,
        "cases_open": SHOWN,
        "skipped": SHOWN,
        "as_of_at": SHOWN,
    },
}


def fields_of(kind: str, clearance: Clearance) -> frozenset[str]:
    """The fields of this kind of row that this clearance sees; of an unknown kind none."""
    return frozenset(field for field, who in VISIBLE.get(kind, {}).items() if clearance in who)


def cut(row: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """The row without what `fields_of` does not name. A field that is None stays: absent means «not yours to see»."""
    return {name: value for name, value in row.items() if name in fields}


# --- people ---------------------------------------------------------------------------------------------------------------------

_DOTS = "·•・‧∙․"  # between the parts of a minority or foreign name
_STEMS = "甲乙丙丁戊己庚辛壬癸"


def surname(name: str) -> str:
    """The surname of a Chinese name; of a minority or foreign name its first part."""
    for dot in _DOTS:
        name = name.replace(dot, "·")
    if "·" in name:
        return name.split("·", 1)[0]
    if not _is_han(name[:1]):
        return name.split(" ", 1)[0]
    return name[:2] if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else name[:1]


def mask_person(name: str) -> str:
    """张某某, 欧阳某某; a minority or foreign name keeps its first character: 阿某."""
    return _kept(name) + ("某" if _is_foreign(name) else "某某")


def mask_people(names: Sequence[str]) -> list[str]:
    """The names of one case, in order; who would look like another one gets a sign of his own: 张某甲, 张某乙."""
    kept = [_kept(name) for name in names]
    seen: dict[str, list[str]] = {}
    masked = []
    for name, stem in zip(names, kept, strict=True):
        alike = {other for other, its_stem in zip(names, kept, strict=True) if its_stem == stem}
        if len(alike) == 1:
            masked.append(mask_person(name))
            continue
        order = seen.setdefault(stem, [])
        if name not in order:
            order.append(name)
        masked.append(f"{stem}某{_sign(order.index(name))}")
    return masked


def _sign(place: int) -> str:
    return _STEMS[place] if place < len(_STEMS) else str(place + 1)


def _kept(name: str) -> str:
    return name[:1] if _is_foreign(name) else surname(name)


def _is_foreign(name: str) -> bool:
    return any(dot in name for dot in _DOTS) or not _is_han(name[:1])


def _is_han(character: str) -> bool:
    return bool(character) and (
        "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or "\U00020000" <= character <= "\U0003ffff"
    )


def officer(name: str, title: str, clearance: Clearance) -> str:
    """How an officer is called: 陈法官; before visitors by his role only: 法官."""
    return title if clearance is VISITORS else surname(name) + title


# --- companies, plates, numbers ---------------------------------------------------------------------------------------------------


def mask_company(name: str) -> str:
    """某建材公司: what it trades in and what form it has, never where it sits or what it is called."""
    for ending, form in COMPANY_FORMS:
        found = name.rfind(ending)
        if found >= 0:
            return f"某{_trade(name[:found])}{form}"
    return "某单位"


def _trade(before: str) -> str:
    """The kind of trade that stands last before the form, the longest that fits."""
    fitting = [(before.rfind(trade) + len(trade), len(trade), trade) for trade in TRADES if trade in before]
    return max(fitting)[2] if fitting else ""


_PLATE = re.compile(r"([\u4e00-\u9fff][A-Z])[·\s]?([A-Z0-9]{5,6})")


def mask_plate(plate: str) -> str:
    """岭A·**5**: where it is registered and its third sign. What is no plate is hidden altogether."""
    found = _PLATE.fullmatch(plate.strip().upper())
    if found is None:
        return "***"
    tail = found[2]
    return f"{found[1]}·**{tail[2]}{'*' * (len(tail) - 3)}"


def mask_phone(phone: str) -> str:
    """138****5678; a short number is hidden altogether."""
    digits = re.sub(r"\D", "", phone)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "****"


def mask_id(id_no: str) -> str:
    """The last four signs of an identity number of usual length, the others as stars."""
    return "*" * (len(id_no) - 4) + id_no[-4:] if len(id_no) >= 15 else "****"


_KIND_IN_NUMBER = re.compile(rf"）[^）]*?\d({'|'.join(KINDS)})[1-9]\d*号")


def mask_case_no(case_no: str) -> str:
    """执×××号, as visitors see it."""
    found = _KIND_IN_NUMBER.search(case_no)
    return f"{found[1] if found else '执'}×××号"


def mask_parties(parties: Iterable[tuple[bool, str]]) -> list[str]:
    """The parties of one case as the wall shows them, in order: (natural person?, name)."""
    listed = list(parties)
    people = iter(mask_people([name for natural, name in listed if natural]))
    return [next(people) if natural else mask_company(name) for natural, name in listed]
