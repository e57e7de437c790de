"""What an ID token must say, word by word: whatever is changed in a good one, it is good no more."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import NotSignedIn
from data.rules.id_tokens import account_of, check, proves_factor

AT = 1_800_000_000
GOOD = {"iss": "https://id.court.test", "sub": "1", "aud": "ecc", "iat": AT, "exp": AT + 300, "nonce": "n"}


def checked(claims: dict[str, Any], at: float = AT) -> None:
    check(claims, issuer="https://id.court.test", client_id="ecc", nonce="n", at=at)


def test_a_good_one_is_taken() -> None:
    checked(GOOD)
    checked(GOOD | {"aud": ["ecc", "other"], "azp": "ecc", "nbf": AT - 5})
    checked(GOOD, AT + 329)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://id.court.test/"}, {"iss": None}, {"aud": "other"}, {"aud": []}, {"aud": ["ecc", "other"]}, {"aud": {"ecc": 1}},
        {"azp": "other"}, {"nonce": "m"}, {"nonce": None}, {"nonce": ["n"]}, {"exp": AT - 31}, {"exp": "soon"}, {"exp": True},
        {"exp": 10**30}, {"exp": float("nan")}, {"iat": AT + 31}, {"iat": AT - 601}, {"iat": None}, {"nbf": AT + 31}, {"nbf": "x"},
        {"nbf": -1},
    ],
)  # fmt: skip
def test_attack_4_anything_else_is_not(changed: dict[str, Any]) -> None:
    with pytest.raises(NotSignedIn) as refused:
        checked(GOOD | changed)
    assert refused.value.code == "identity.provider_refused"


@pytest.mark.parametrize("name", GOOD)
def test_attack_4_what_lacks_a_word_is_none(name: str) -> None:
    with pytest.raises(NotSignedIn):
        checked({key: value for key, value in GOOD.items() if key != name})


@given(
    st.dictionaries(st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "nonce", "azp"]), st.from_type(object) | st.none() | st.integers())
)
def test_nonsense_raises_nothing_else(changed: dict[str, Any]) -> None:
    try:
        checked(GOOD | changed)
    except NotSignedIn:
        pass


@pytest.mark.parametrize("value", [None, "", 7, ["chenjun"], "x" * 65])
def test_an_account_is_a_short_word(value: object) -> None:
    with pytest.raises(NotSignedIn):
        account_of({"preferred_username": value}, "preferred_username")


def test_a_second_factor_counts_in_a_trusted_word_only() -> None:
    assert not proves_factor({"amr": ["pwd", "otp"]}, ())
    assert proves_factor({"amr": ["pwd", "otp"]}, ("otp",))
    assert proves_factor({"acr": "gold"}, ("gold",))
    assert not proves_factor({"amr": "otp", "acr": ["otp"]}, ("otp",))
