"""A clip is not for who has to do with it: his case, a party of his case, his community."""

from hypothesis import given
from hypothesis import strategies as st

from data.rules.conflicts import Ground, In, Shared, Somebody, conflicts, is_same

A, B = Somebody("张演三", "440607199001011234"), Somebody("张演三", "440607198001015678")


def ground(number: int, cases: str = "", parties: tuple[Somebody, ...] = (), areas: str = "") -> Ground:
    return Ground(number, frozenset(cases), frozenset(parties), frozenset(areas))


def test_of_each_pair_the_nearest_thing_is_named_by_place_and_number() -> None:
    places = [ground(2, "c", (A,), "x"), ground(1, "d", (), "y")]
    people = [ground(3, "c", (A,), "x"), ground(1, "e", (A,), "z"), ground(2, "f", (B,), "x"), ground(4, "g", (), "z")]
    assert conflicts(places, people) == [Shared(2, 1, In.PARTY), Shared(2, 2, In.AREA), Shared(2, 3, In.CASE)]


def test_a_namesake_with_another_number_is_another_one_and_one_without_is_the_same() -> None:
    assert not is_same(A, B)
    assert is_same(A, Somebody("张演三"))
    assert is_same(Somebody("甲", "44060719900101123x"), Somebody("乙", "44060719900101123X"))


_grounds = st.builds(ground, st.integers(1, 5), st.text("ab", max_size=2), st.just(()), st.text("xy", max_size=2))


@given(st.lists(_grounds, max_size=4), st.lists(_grounds, max_size=4))
def test_nothing_in_common_means_no_conflict_and_something_means_one(places: list[Ground], people: list[Ground]) -> None:
    found = {(each.position, each.attendee) for each in conflicts(places, people)}
    for place in places:
        for person in people:
            if place.cases & person.cases or place.areas & person.areas:
                assert (place.number, person.number) in found
