"""The form of a license key: what it forgives, and every slip that it catches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing import keys, queries
from licensing.keys import ALPHABET, KeyMalformed, canonical_key, generate_key, key_tail
from licensing.tests.factories import LicenseFactory


def _printed(number: int) -> str:
    digits = ""
    for power in range(19, -1, -1):
        digits += ALPHABET[number // 32**power % 32]
    check = number % 1021
    groups = "-".join(digits[start : start + 5] for start in (0, 5, 10, 15))
    return f"SST-{groups}-{ALPHABET[check // 32]}{ALPHABET[check % 32]}"


KEYS = st.integers(0, 2**100 - 1).map(_printed)
KNOWN = "SST-00000-00000-00000-00000-00"


def test_generated_key_has_the_printed_form():
    printed = {generate_key() for _ in range(200)}

    assert len(printed) == 200
    for key in printed:
        parts = key.split("-")
        assert [len(part) for part in parts] == [3, 5, 5, 5, 5, 2]
        assert parts[0] == "SST"
        assert set("".join(parts[1:])) <= set(ALPHABET)


def test_alphabet_has_no_look_alikes():
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_check_is_the_number_modulo_1021():
    key = canonical_key(KNOWN)

    assert key == "SST" + "0" * 22
    # 32 ** 4 = 1048576 = 1027 * 1021 + 9; 33 = 1 * 32 + 1.
    assert (
        canonical_key("SST-00000-00000-00000-10000-09") == "SST" + "0" * 15 + "1000009"
    )
    assert canonical_key("SST-00000-00000-00000-00011-11").endswith("0001111")


@given(key=KEYS)
def test_generated_key_is_its_own_canonical_form_without_dashes(key: str):
    assert canonical_key(key) == key.replace("-", "")
    assert key_tail(key) == key[-2:]


@given(key=KEYS, data=st.data())
def test_case_dashes_spaces_and_look_alikes_are_forgiven(key: str, data: st.DataObject):
    typed = "".join(
        data.draw(st.sampled_from(["", " ", "-", "\t", "\u00a0", "--"]))
        + data.draw(st.sampled_from(_spellings(symbol)))
        for symbol in key.replace("-", "")
    )

    assert canonical_key(f" {typed}\n"[: keys.LONGEST_INPUT]) == key.replace("-", "")


def test_every_wrong_symbol_is_caught():
    for key in (generate_key() for _ in range(20)):
        symbols = canonical_key(key)
        for place in range(3, len(symbols)):
            for symbol in set(ALPHABET) - {symbols[place]}:
                typed = symbols[:place] + symbol + symbols[place + 1 :]
                assert not _is_accepted(typed), (key, typed)


def test_every_swap_of_neighbors_is_caught():
    for key in (generate_key() for _ in range(300)):
        symbols = canonical_key(key)
        for place in range(len(symbols) - 1):
            left, right = symbols[place], symbols[place + 1]
            typed = symbols[:place] + right + left + symbols[place + 2 :]
            assert typed == symbols or not _is_accepted(typed), (key, typed)


@given(key=KEYS, data=st.data())
def test_missing_or_additional_symbol_is_caught(key: str, data: st.DataObject):
    symbols = canonical_key(key)
    place = data.draw(st.integers(0, len(symbols) - 1))
    symbol = data.draw(st.sampled_from(ALPHABET))

    assert not _is_accepted(symbols[:place] + symbols[place + 1 :])
    assert not _is_accepted(symbols[:place] + symbol + symbols[place:])


@given(text=st.text(max_size=120))
def test_text_of_any_kind_is_refused(text: str):
    with pytest.raises(KeyMalformed):
        canonical_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SST",
        "-" * 30,
        "XST-00000-00000-00000-00000-00",
        "SST-00000-00000-00000-00000-0U",
        "SST-\u06600000-00000-00000-00000-00",
        KNOWN + " " * 80,
        KNOWN * 2,
        KNOWN.replace("SS", "\u00df"),
        KNOWN.replace("ST", "\ufb06"),
        KNOWN.replace("SS", "S\u017f"),
    ],
)
def test_malformed_key_is_refused(text: str):
    with pytest.raises(KeyMalformed) as refusal:
        canonical_key(text)

    assert refusal.value.code == "KEY_MALFORMED"
    assert not text or text not in refusal.value.message


def test_malformed_key_asks_the_database_nothing(
    db: None, django_assert_num_queries: pytest.FixtureRequest
):
    with django_assert_num_queries(0), pytest.raises(KeyMalformed):  # type: ignore[operator]
        queries.license_by_key("SST-00000-00000-00000-00000-01")


def test_license_is_found_by_its_key_however_it_is_typed(
    db: None, django_assert_num_queries: pytest.FixtureRequest
):
    key = generate_key()
    license_ = LicenseFactory.create(key=key)
    LicenseFactory.create()

    with django_assert_num_queries(1):  # type: ignore[operator]
        found = queries.license_by_key(f" {key.lower().replace('-', ' ')} ")

    assert found == license_


def test_unknown_key_finds_nothing(db: None):
    LicenseFactory.create()

    assert queries.license_by_key(generate_key()) is None


def _spellings(symbol: str) -> list[str]:
    look_alikes = {"0": "Oo", "1": "IiLl"}
    return [symbol, symbol.lower(), *look_alikes.get(symbol, "")]


def _is_accepted(text: str) -> bool:
    try:
        canonical_key(text)
    except KeyMalformed:
        return False
    return True
