"""The code pages of PCs that run MetaTrader, by the names that programs give them.

A list of our own, because Python knows codecs that are slow (punycode) or that write
what nobody sent (unicode_escape, utf-7).
"""

import re

CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE | re.ASCII)
WINDOWS = ("874", "932", "936", "949", "950", *map(str, range(1250, 1259)))
ISO_8859 = (*range(2, 12), *range(13, 17))
CODECS = {
    **{f"{name}{page}": f"cp{page}" for name in ("cp", "windows") for page in WINDOWS},
    **{f"iso8859{number}": f"iso8859-{number}" for number in ISO_8859},
    **dict.fromkeys(("iso88591", "latin1", "ascii", "usascii", "ansi"), "cp1252"),
    **dict.fromkeys(("shiftjis", "sjis", "xsjis", "ms932", "windows31j"), "cp932"),
    **dict.fromkeys(("gbk", "gb2312", "xgbk", "ms936"), "gbk"),
    **dict.fromkeys(("euckr", "ksc56011987", "uhc", "ms949"), "cp949"),
    "gb18030": "gb18030",
    "big5": "cp950",
    "eucjp": "euc_jp",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "tis620": "cp874",
}


def codec_of(content_type: str) -> str:
    """Return the codec of the charset that a content type declares, else cp1252."""
    declared = CHARSET.search(content_type)
    name = re.sub(r"[^a-z0-9]", "", declared[1].lower()) if declared else ""
    return CODECS.get(name, "cp1252")


def decoded(content: bytes, codec: str) -> str:
    """Return a text that is UTF-8, else in the codec, else in cp1252 with gaps."""
    for candidate in ("utf-8", codec):
        try:
            return content.decode(candidate)
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", errors="replace")
