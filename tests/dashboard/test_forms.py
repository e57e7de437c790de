"""What is typed stands in no page's address: every form says how it is sent, and what a page's program answers is sent by nobody else."""

import re
from pathlib import Path

import dashboard

ROOM = Path(dashboard.__file__).parent
PAGES = {page.relative_to(ROOM).as_posix(): page.read_text() for page in ROOM.rglob("*.html")}
FORM = re.compile(r"<form\b[^>]*>")
SOUGHT = {"admin/audit.html", "admin/devices.html", "admin/people.html", "screening/people.html"}  # a search is an address: it may be kept
EARLY = '<script src="/centre/assets/modules/early.js"></script>'


def head_of(page: str) -> str:
    extends = re.match(r'{% extends "([^"]+)" %}', PAGES[page])
    return PAGES[page] if extends is None else PAGES[(Path(page).parent / extends[1]).as_posix()]


def outside_dialogs(text: str) -> str:
    return re.sub(r"<dialog\b.*?</dialog>", "", text, flags=re.DOTALL)


def test_every_form_says_how_it_is_sent() -> None:
    forms = [(page, form) for page, text in PAGES.items() for form in FORM.findall(text)]
    assert len(forms) > 40
    assert [each for each in forms if not re.search(r' method="(post|dialog|get)"', each[1])] == []
    assert {page for page, form in forms if ' method="get"' in form} == SOUGHT


def test_what_a_page_s_program_answers_waits_for_it() -> None:
    answered = {page for page, text in PAGES.items() if any('method="dialog"' in form for form in FORM.findall(outside_dialogs(text)))}
    assert len(answered) > 12
    assert [page for page in answered if EARLY not in head_of(page)] == []
