import pytest

from smarttrader.lib.text import clean_text


@pytest.mark.parametrize("text", ["AT&T", "a < b", "<3", "x > y & z", "Прибыль"])
def test_a_text_without_markup_survives(text):
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<b>x</b>", "x"),
        ("<script>alert(1)</script>x", "x"),
        ("a\r\nb\u2028c", "a\nb\nc"),
        ("a\xad\u061c\u2066\ufeff\U000e0041b", "ab"),
        ("&nbsp;x&amp;y", "x&y"),
        ("e\u0301", "é"),
    ],
)
def test_markup_and_what_nobody_sees_are_removed(text, clean):
    assert clean_text(text) == clean


def test_no_tag_is_left_however_often_it_was_escaped():
    text = "<img src=x>"
    for _ in range(3):
        text = text.replace("&", "&amp;").replace("<", "&lt;")

    assert "<" not in clean_text(text)


def test_markup_that_does_not_come_to_rest_is_refused():
    text = "&" + "amp;" * 20 + "lt;b"

    with pytest.raises(ValueError, match="come to rest"):
        clean_text(text)


def test_a_letter_keeps_thirty_accents():
    assert len(clean_text("a" + "\u0316" * 100)) == 31


def test_only_the_beginning_of_a_text_that_must_be_cut_is_read():
    assert clean_text("<div>" * 200_000 + "x", 10) == ""
