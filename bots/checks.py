"""System check: are tokens and sessions signed with secrets?"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

SHORTEST_SIGNING_KEY = 50


@register(Tags.security, deploy=True)
def everything_is_signed_with_a_secret(**_kwargs: Any) -> Sequence[CheckMessage]:
    return [
        Error(
            f"{name} is the laptop's, or under {SHORTEST_SIGNING_KEY} characters",
            id="smarttrader.E004",
        )
        for name in ("JWT_SIGNING_KEY", "SECRET_KEY")
        if _is_known(getattr(settings, name))
    ]


def _is_known(key: str) -> bool:
    return key.startswith("laptop-only-") or len(key) < SHORTEST_SIGNING_KEY
