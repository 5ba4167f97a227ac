"""The tokens of bots: good for seven days, revoked at once by a step of a version."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings

from bots.models import BotInstance
from bots.queries import RunningBot, running_bot
from smarttrader.lib.actors import Actor
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import EaRefusal
from smarttrader.lib.ea.view import EaView
from smarttrader.lib.rate_limits import Limit
from smarttrader.lib.request_context import note_bot

ALGORITHM = "HS256"
AUDIENCE = "bot"
LIFETIME = timedelta(days=7)
TOKENS_REMEMBERED = 10_000


@dataclass(frozen=True)
class Claims:
    bot_id: uuid.UUID
    token_version: int
    expires: int  # in seconds since 1970


@dataclass(frozen=True)
class IssuedToken:
    text: str
    expires_at: datetime


def issue_token(bot: BotInstance, *, now: datetime) -> IssuedToken:
    """Return a new token of a bot; earlier ones stay good."""
    expires_at = now + LIFETIME
    claims = {
        "aud": AUDIENCE,
        "sub": str(bot.pk),
        "tv": bot.token_version,
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    token = jwt.encode(claims, settings.JWT_SIGNING_KEY, algorithm=ALGORITHM)
    return IssuedToken(token, expires_at)


def read_token(text: str, *, now: datetime) -> Claims | None:
    """Return what a correctly signed token of ours claims, else None."""
    try:
        claims = _verified(text, settings.JWT_SIGNING_KEY)
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError):
        return None
    except RecursionError:  # a header of brackets alone
        return None
    return claims if now.timestamp() < claims.expires else None


# A bot shows the same token for seven days: its signature is computed once. What is not
# good is raised, so never kept.
@lru_cache(maxsize=TOKENS_REMEMBERED)
def _verified(text: str, key: str) -> Claims:
    """Return what a token claims. Raises as PyJWT does, and for claims that miss."""
    claims = jwt.decode(
        text,
        key,
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        options={"require": ["aud", "sub", "exp"]},
    )
    return Claims(uuid.UUID(claims["sub"]), int(claims["tv"]), int(claims["exp"]))


def token_invalid() -> EaRefusal:
    return EaRefusal(
        401,
        "TOKEN_INVALID",
        "The token is not good: activate again.",
        headers={"WWW-Authenticate": "Bearer"},
    )


class BotView(EaView):
    """A call that carries a bot's token; `running` is the bot with its standing.

    How often a bot may make it is EA_CALLS_PER_BOT's, by the call's name.
    """

    running: RunningBot

    def authenticate(self) -> None:
        claims = read_token(self.token(), now=self.now)
        running = running_bot(claims.bot_id, self.now) if claims else None
        if claims is None or running is None or not self.takes(running.bot, claims):
            raise token_invalid()
        self.running = running
        note_bot(running.bot.pk)

    def check_limits(self, *more: tuple[Limit, str]) -> None:
        calls = settings.EA_CALLS_PER_BOT.get(self.call)
        if calls is not None:
            limit = Limit(f"ea.{self.call}.bot", calls)
            more = (*more, (limit, str(self.running.bot.pk)))
        super().check_limits(*more)

    def takes(self, bot: BotInstance, claims: Claims) -> bool:
        """Tell whether a correctly signed token is still good for this call."""
        return bot.released_at is None and bot.token_version == claims.token_version

    @property
    def caller(self) -> Actor:
        return replace(super().caller, id=self.running.bot.pk)

    @property
    def utc_offset(self) -> timedelta:
        return timedelta(minutes=self.running.bot.utc_offset_minutes)

    def fields_of(self, values: Any) -> Fields:
        """Return the fields of an item, whose naive times are the broker's."""
        return Fields(values, utc_offset=self.utc_offset)
