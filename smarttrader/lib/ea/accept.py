"""What kind of reply an Accept header prefers.

Not HttpRequest.get_preferred_type: it raises for a parameter in an unknown charset, and
`text/plain; charset=utf-8` means no text/plain to it.
"""

import re

QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.\d*)?)\s*(?:;|$)", re.ASCII)
JSON = ("application/json", "application/problem+json")
TEXT = ("text/plain",)
Rank = tuple[float, int, int]
UNWANTED: Rank = (0.0, 0, 0)


def prefers_text(accept: str) -> bool:
    """Tell whether text/plain is wanted more than JSON.

    By quality, then by how exactly it is named, then by which is named first.
    """
    text, json = _rank(accept, TEXT), _rank(accept, JSON)
    return text[0] > 0 and text > json


def _rank(accept: str, names: tuple[str, ...]) -> Rank:
    precision_of = {"*/*": 0, f"{names[0].partition('/')[0]}/*": 1}
    precision_of |= dict.fromkeys(names, 2)
    ranks = [
        (_quality(media_range), precision_of[name], -position)
        for position, media_range in enumerate(accept.lower().split(","))
        if (name := media_range.partition(";")[0].strip()) in precision_of
    ]
    # The most exact name tells the quality: "text/plain;q=0.1, */*" is little text.
    return max(ranks, key=lambda rank: (rank[1], rank[0], rank[2]), default=UNWANTED)


def _quality(media_range: str) -> float:
    quality = QUALITY.search(media_range)
    return float(quality[1]) if quality else 1.0
