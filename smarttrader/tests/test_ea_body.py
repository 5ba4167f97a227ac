import json
from contextlib import suppress
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from smarttrader.lib.ea.body import MAX_BYTES, read_body
from smarttrader.lib.ea.refusals import EaRefusal

BOM = b"\xef\xbb\xbf"


def read(content: bytes, content_type: str = "", **headers: Any) -> Any:
    headers = {"CONTENT_LENGTH": str(len(content)), **headers}
    request = RequestFactory().generic("POST", "/", content, content_type, **headers)
    return read_body(request)


def refusal_of(content: bytes, content_type: str = "", **headers: Any) -> EaRefusal:
    with pytest.raises(EaRefusal) as caught:
        read(content, content_type, **headers)
    return caught.value


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":1}',
        b'{"a":1}\0',
        b'{"a":1}\0\0\r\n\0',
        b' \r\n\t{"a":1} \n',
        BOM + b'{"a":1}',
        b"\r\n" + BOM + b' {"a":1}\0',
    ],
)
def test_what_stands_around_a_body_is_stripped(content):
    assert read(content) == {"a": 1}


@pytest.mark.parametrize("content", [b"", b"\0", b" \r\n", BOM, BOM + b"\0\0"])
def test_nothing_says_nothing(content):
    assert read(content) == {}


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "text/html", "application/x-www-form-urlencoded", "\xff;"],
)
def test_the_content_is_sniffed(content_type):
    assert read(b"[1]", content_type) == [1]
    assert read(b"a=1", content_type) == {"a": "1"}


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":1\0}',
        b'{"a":"x\0y"}',
        b"a=1\0&b=2",
        b'\0{"a":1}',
        '{"a":1}'.encode("utf-16-le"),
        b'{"a":1',
        b'{"a":1}}',
        b'{"a":1}{"b":2}',
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":01}',
        b'{"a":.5}',
        b'{"a":"tab\t"}',
        b'"text"',
        b"1",
        b"null",
        b"hello",
        b"a=1&b",
        b'{"a":1,"a":1}',
        b'[{"a":{"b":1,"b":2}}]',
        b"a=1&a=2",
        b"a=1&%61=2",
        b"[" * 9 + b"]" * 9,
        b'{"a":' * 9 + b"1" + b"}" * 9,
        b"[" * 100_000,
        b"[" + b"[]," * 100_000,
        b'{"a":123456789012345678901}',
        b'{"a":-123456789012345678901}',
        b"&".join(b"%d=" % number for number in range(1001)),
    ],
)
def test_what_cannot_be_read_as_a_whole_is_malformed(content):
    refusal = refusal_of(content)

    assert (refusal.status, refusal.code) == (400, "MALFORMED_BODY")


def test_eight_levels_and_twenty_digits_are_read():
    deep = b"[" * 8 + b"]" * 8

    assert read(deep) == [[[[[[[[]]]]]]]]
    assert read(b"[-12345678901234567890]") == [-12345678901234567890]


def test_brackets_and_quotes_inside_a_text_are_text():
    content = json.dumps({"a": '[[[[[[[[["\\', "b": "}" * 20})

    assert read(content.encode()) == json.loads(content)


@pytest.mark.parametrize(
    ("literal", "number"),
    [
        (b"1.10", "1.10"),
        (b"1e400", "1e400"),
        (b"1e99999999999999999999", "Infinity"),
        (b"-1e99999999999999999999", "-Infinity"),
        (b"1e-99999999999999999999", "0"),
        (b"0e99999999999999999999", "0"),
        (b"Infinity", "Infinity"),
        (b"inf", "Infinity"),
        (b"-INF", "-Infinity"),
        (b"-1.#INF00", "-Infinity"),
    ],
)
def test_a_number_is_what_it_says(literal, number):
    assert read(b"[" + literal + b"]") == [Decimal(number)]


@pytest.mark.parametrize(
    "literal", [b"NaN", b"nan", b"-nan(ind)", b"-nan", b"-1.#IND", b"1.#QNAN00"]
)
def test_no_number_is_read_as_none_and_texts_that_look_alike_stay(literal):
    content = b'{"a":%s,"b":"inf, nan: nan ","c":[ %s ,"\\\\"]}' % (literal, literal)

    body = read(content)

    assert (str(body["a"]), str(body["c"][0])) == ("NaN", "NaN")
    assert (body["b"], body["c"][1]) == ("inf, nan: nan ", "\\")


@pytest.mark.parametrize("literal", [b"nano", b"inf1", b"1.#", b"nan()", b"- inf"])
def test_what_merely_looks_like_no_number_is_malformed(literal):
    assert refusal_of(b'{"a":' + literal + b"}").code == "MALFORMED_BODY"


@pytest.mark.parametrize(
    ("content", "content_type", "comment"),
    [
        ("Gewinn für".encode(), "", "Gewinn für"),
        ("Gewinn für".encode(), "text/plain; charset=windows-1251", "Gewinn für"),
        ("Прибыль".encode("cp1251"), "text/plain; charset=Windows-1251", "Прибыль"),
        ("Прибыль".encode("cp1251"), 'a/b;charset="cp1251"', "Прибыль"),
        ("利润".encode("gbk"), "text/plain; charset=GB2312", "利润"),
        ("Gewinn für".encode("cp1252"), "", "Gewinn für"),
        ("Gewinn für".encode("cp1252"), "a/b; charset=punycode", "Gewinn für"),
        ("Gewinn für".encode("cp1252"), "a/b; charset=utf-7", "Gewinn für"),
        ("Gewinn für".encode("cp1252"), "a/b; charset=cp1251", "Gewinn fьr"),
        (b"\x81\x8d", "", "\ufffd\ufffd"),
        ("売り表".encode("cp932"), "", "売り表"),
        ("売り表".encode("cp932"), "a/b; charset=windows-1252", "売り表"),
        ("誠".encode("gbk"), "a/b; charset=gbk", "誠"),
    ],
)
def test_a_comment_is_read_in_its_code_page(content, content_type, comment):
    body = b'{"profit":12.5,"comment":"' + content + b'"}'

    assert read(body, content_type) == {"profit": Decimal("12.5"), "comment": comment}


def test_the_numbers_survive_a_code_page_that_nobody_declared():
    backslashed = next(
        letter
        for letter in map(chr, range(0x4E00, 0x9FA5))
        if letter.encode("gbk")[1:] == b"\\"
    )

    body = read(b'{"comment":"' + backslashed.encode("gbk") + b'","profit":-7.25}')

    assert body["profit"] == Decimal("-7.25")


@pytest.mark.parametrize(
    ("content", "content_type", "comment"),
    [
        (b"comment=a+b%20c%2b", "", "a b c+"),
        ("comment=für".encode(), "", "für"),
        (b"comment=f%C3%BCr", "", "für"),
        (b"comment=f%FCr", "", "für"),
        (b"comment=f\xfcr", "", "für"),
        (b"comment=%CF%F0", "a/b; charset=windows-1251", "Пр"),
        (b"comment=100%", "", "100%"),
        (b"comment=%zz%4", "", "%zz%4"),
        (b"comment=a=b", "", "a=b"),
        (b"comment=", "", ""),
    ],
)
def test_a_form_is_read_in_its_code_page(content, content_type, comment):
    body = read(b"profit=1&" + content + b"&&swap=2&", content_type)

    assert body == {"profit": "1", "comment": comment, "swap": "2"}


@pytest.mark.parametrize("length", ["", "-1", "1.0", "²", "abc", "1_0", "0x10"])
def test_a_body_without_a_length_is_refused(length):
    refusal = refusal_of(b"{}", CONTENT_LENGTH=length)

    assert (refusal.status, refusal.code) == (411, "LENGTH_REQUIRED")


@pytest.mark.parametrize("length", [str(MAX_BYTES + 1), "9" * 9, "9" * 5000])
def test_a_body_over_a_mebibyte_is_refused_unread(length):
    refusal = refusal_of(b"{}", CONTENT_LENGTH=length)

    assert (refusal.status, refusal.code) == (413, "TOO_LARGE")


def test_a_mebibyte_is_read():
    assert read(b"a=" + b"1" * (MAX_BYTES - 2))["a"].count("1") == MAX_BYTES - 2


def test_far_more_items_than_a_list_may_have_are_refused_unread():
    refusal = refusal_of(b"[" + b"{}," * 30_000 + b"{}]")

    assert (refusal.status, refusal.code) == (413, "TOO_LARGE")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "identity, gzip"])
def test_a_compressed_body_is_refused(encoding):
    refusal = refusal_of(b"{}", HTTP_CONTENT_ENCODING=encoding)

    assert (refusal.status, refusal.code) == (415, "UNSUPPORTED_ENCODING")


def test_a_body_that_broke_off_is_malformed():
    rest: Any = {"wsgi.input": BytesIO(b"profit=12")}

    refusal = refusal_of(b"profit=12", CONTENT_LENGTH="10", **rest)

    assert (refusal.status, refusal.code) == (400, "MALFORMED_BODY")


def test_a_get_may_carry_a_body_or_none():
    factory = RequestFactory()

    without = read_body(factory.get("/"))
    empty = read_body(factory.get("/", CONTENT_LENGTH="0"))
    carrying = read_body(factory.generic("GET", "/", b'{"token":"t"}'))

    assert (without, empty, carrying) == ({}, {}, {"token": "t"})


BEGINNINGS = st.sampled_from([b"", b"{", b'{"a":', b"[", b'["', BOM, b"a=", b"\0"])
TYPES = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20),
    st.sampled_from(["cp932", "gbk", "idna", "undefined", "utf-16", "hex"]).map(
        "a/b; charset={}".format
    ),
)


@given(st.builds(bytes.__add__, BEGINNINGS, st.binary(max_size=80)), TYPES)
def test_no_bytes_raise_anything_but_a_refusal(content, content_type):
    request = RequestFactory().generic("POST", "/", content)
    request.META["CONTENT_TYPE"] = content_type

    with suppress(EaRefusal):
        assert type(read_body(request)) in (dict, list)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 10**20, 10**20 - 1) | TEXTS,
    lambda children: st.lists(children) | st.dictionaries(TEXTS, children),
    max_leaves=4,  # so that none nests deeper than eight
)


@given(st.dictionaries(TEXTS, JSON_VALUES))
def test_what_json_writes_is_read_again(values):
    content = json.dumps(values, ensure_ascii=False).encode() + b"\0"

    assert read(content) == values
