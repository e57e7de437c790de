"""How names, numbers and plates look, and that a field nobody named is seen by nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.rules import masking
from data.rules.masking import VISIBLE, cut, fields_of, mask_case_no, mask_company, mask_id, mask_parties, mask_people, mask_person
from data.rules.permissions import Clearance

GIVEN = "演示测样一二三四五六七八九"
names = st.builds(lambda surname, rest: surname + rest, st.sampled_from(["张", "李", "欧阳", "阮"]), st.text(GIVEN, min_size=1, max_size=2))


def test_a_new_field_is_seen_by_nobody_until_it_is_named() -> None:
    for kind in VISIBLE:
        for clearance in Clearance:
            assert "home_address" not in cut({"home_address": "x"}, fields_of(kind, clearance))
    assert fields_of("a new kind", Clearance.DESK) == frozenset()


def test_nothing_is_seen_without_clearance() -> None:
    assert all(fields_of(kind, Clearance.NOTHING) == frozenset() for kind in VISIBLE)


def test_visitors_see_no_name_of_a_party_no_plan_no_money_no_place_of_a_person() -> None:
    forbidden = {
        "participant": {"digits", "ask", "officer_id"},
        "whisper": {"text", "who"},
        "order": {"lat", "lon", "place", "text"},
        "case": {"applicant", "debtor", "claim_cents", "recovered_cents", "area_id", "street"},
        "mission": {"planned_from_at", "planned_to_at", "lat", "lon", "area_id", "place"},
        "team": {"place"},
        "call": {"lat", "lon", "place", "fix_at", "accuracy_m", "owner_id"},
        "sos": {"lat", "lon", "place", "fix_at", "accuracy_m", "battery_pct", "owner_id"},
        "fence": {"inside"},
        "today": {"recovered_cents_today"},
        "court": {"duty_phone"},
    }
    for kind, fields in forbidden.items():
        assert not fields & fields_of(kind, Clearance.VISITORS)


def test_what_is_for_one_eye_is_on_no_wall() -> None:
    for clearance in (Clearance.WALL, Clearance.VISITORS):
        assert fields_of("whisper", clearance) == frozenset()
        assert not {"digits", "ask", "expires_at"} & fields_of("participant", clearance)
    assert not {"digits", "ask"} & fields_of("participant", Clearance.FIELD)


def test_no_row_has_a_field_for_what_is_sealed() -> None:
    for fields in VISIBLE.values():
        assert not {"name_full", "id_no", "phone", "address", "plate"} & fields.keys()


@given(names)
def test_a_masked_person_keeps_the_surname_and_nothing_of_the_given_name(name: str) -> None:
    masked = mask_person(name)
    assert masked.endswith("某某")
    assert not set(masked) & set(GIVEN)


@given(st.lists(names, max_size=12))
def test_people_of_one_case_can_be_told_apart_and_the_same_is_the_same(people: list[str]) -> None:
    masked = mask_people(people)
    assert len(masked) == len(people)
    assert len(set(masked)) == len(set(people))
    for name, shown in zip(people, masked, strict=True):
        assert shown == masked[people.index(name)]
        assert not set(name[1:]) & set(GIVEN) & set(shown) - set("一二三四五六七八九")


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张演三", "张某某"),
        ("欧阳演", "欧阳某某"),
        ("欧阳", "欧某某"),
        ("阿测·示例", "阿某"),
        ("阿测•示例", "阿某"),
        ("John Smith", "J某"),
        ("𠮷演", "𠮷某某"),
        ("😀", "😀某"),
    ],
)
def test_persons(name: str, masked: str) -> None:
    assert mask_person(name) == masked


def test_the_same_surname_in_one_case() -> None:
    assert mask_people(["张演三", "张测四", "李样五"]) == ["张某甲", "张某乙", "李某某"]
    assert mask_parties([(True, "张演三"), (False, "清溪宏达建材有限公司"), (True, "张测四")]) == ["张某甲", "某建材公司", "张某乙"]


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("清溪区宏达建材有限公司", "某建材公司"),
        ("云澜市示例房地产开发有限责任公司", "某房地产开发公司"),
        ("宏达有限公司", "某公司"),
        ("云澜农村商业银行股份有限公司清溪支行", "某农村商业银行"),
        ("清溪区石浦镇样例村民委员会", "某村委会"),
        ("演示律师事务所", "某律师事务所"),
        ("老王", "某单位"),
        ("", "某单位"),
    ],
)
def test_companies_keep_what_they_trade_in(name: str, masked: str) -> None:
    assert mask_company(name) == masked


@given(st.text(GIVEN, min_size=2, max_size=4))
def test_a_company_never_shows_its_own_word(word: str) -> None:
    assert not set(mask_company(f"清溪{word}建材有限公司")) & set(GIVEN)


def test_plates_phones_and_identity_numbers() -> None:
    assert masking.mask_plate("岭A12345") == "岭A·**3**"
    assert masking.mask_plate("岭A·D12345") == "岭A·**2***"
    assert masking.mask_plate("not a plate") == "***"
    assert masking.mask_phone("138-1234-5678") == "138****5678"
    assert masking.mask_phone("110") == "****"
    assert mask_id("440607199001011234") == "**************1234"
    assert mask_id("123") == "****"


def test_case_numbers_before_visitors() -> None:
    assert mask_case_no("（2026）岭0108执1872号") == "执×××号"
    assert mask_case_no("（2026）岭0108执恢12号") == "执恢×××号"
    assert mask_case_no("nonsense") == "执×××号"


def test_officers() -> None:
    assert masking.officer("陈演一", "法官", Clearance.WALL) == "陈法官"
    assert masking.officer("欧阳演一", "法警", Clearance.DESK) == "欧阳法警"
    assert masking.officer("阿测·示例", "法官", Clearance.FIELD) == "阿测法官"
    assert masking.officer("陈演一", "法官", Clearance.VISITORS) == "法官"
