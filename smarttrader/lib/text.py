"""Text from outside, cleaned once at the edge, stored plain and escaped on output."""

import html
import re
import unicodedata

import nh3

# Control, bidirectional and zero-width characters, tags, and lone surrogates.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
LINE_END = re.compile("\r\n?|[\u2028\u2029]")
# What an HTML parser takes for more than the character.
MARKUP = re.compile("<[a-zA-Z/!?]|&[a-zA-Z#]")
TAG_OPENING = re.compile(r"<(?=[a-zA-Z/!?])")
ROUNDS = 6
ROOM_FOR_MARKUP = 16  # parsing nested tags takes the square of their length

# Composing accents takes the square of their number, and no letter has 30 of them
# (UAX 15, stream-safe text).
ACCENTS = "".join(filter(unicodedata.combining, map(chr, range(0x300, 0x1F000))))
TOO_MANY_ACCENTS = re.compile(f"([{ACCENTS}]{{30}})[{ACCENTS}]+")


def clean_text(text: str, limit: int = 255) -> str:
    """Return the text without markup or invisible characters, at most `limit` long.

    Tags are removed until nothing changes, so that an escaped tag inside an escaped tag
    is gone too; "AT&T", "a < b" and "<3" survive. Of a text so long that it must be cut
    anyway only the beginning is read. Raises ValueError for text that still changes
    after six rounds, which only an attacker writes.
    """
    text = text[: limit * ROOM_FOR_MARKUP]
    if text.isascii() and text.isprintable() and not MARKUP.search(text):
        return text.strip()[:limit].strip()  # nearly all text is: a tenth of the time
    text = _visible(text)
    for _ in range(ROUNDS):
        if not MARKUP.search(text):
            return text.strip()[:limit].strip()
        plain = html.unescape(nh3.clean(text, tags=set(), attributes={}))
        plain = _visible(TAG_OPENING.sub("", plain))
        if plain == text:
            return text.strip()[:limit].strip()
        text = plain
    raise ValueError("markup that does not come to rest")


def _visible(text: str) -> str:
    """Return the text composed (NFC), each end of a line being a line feed."""
    text = LINE_END.sub("\n", INVISIBLE.sub("", text))
    return unicodedata.normalize("NFC", TOO_MANY_ACCENTS.sub(r"\1", text))
