"""System check: are the tokens of bots signed with a secret?"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

SHORTEST_SIGNING_KEY = 50


@register(Tags.security, deploy=True)
def tokens_are_signed_with_a_secret(**_kwargs: Any) -> Sequence[CheckMessage]:
    key = settings.JWT_SIGNING_KEY
    if key.startswith("laptop-only-") or len(key) < SHORTEST_SIGNING_KEY:
        message = "JWT_SIGNING_KEY is the laptop's, or shorter than 50 characters"
        return [Error(message, id="smarttrader.E004")]
    return []
