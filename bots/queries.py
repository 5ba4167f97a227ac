"""Reads of bots and of what they run under."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Model

from accounts.models import User
from bots.models import BotInstance, BotSettings, BotSource
from licensing.models import License, grace_days, is_held
from licensing.standing import Standing, standing_of
from smarttrader.lib.database import prepared_cursor
from smarttrader.lib.errors import DomainError


def _columns(model: type[Model], *names: str) -> tuple[type[Model], list[str]]:
    """Return names of columns in the order in which `from_db` takes their values."""
    fields = model._meta.concrete_fields
    return model, [field.attname for field in fields if field.attname in names]


# What the calls of EAs look at. Other columns are read when somebody asks for them:
# making Python's values of all of them took a tenth of a heartbeat.
RUNNING_BOT: tuple[tuple[Any, list[str]], ...] = (
    _columns(
        BotInstance,
        *("id", "user_id", "license_id", "instance_name", "mt4_account"),
        *("released_at", "token_version", "settings_version", "utc_offset_minutes"),
    ),
    _columns(License, "id", "user_id", "status", "expires_at"),
    _columns(User, "id", "is_active"),
)
Account = tuple[str, str]  # MT4 account, server in lower case


@dataclass(frozen=True)
class RunningBot:
    """A bot with its license and owner, and what they allow it now."""

    bot: BotInstance
    standing: Standing


def running_bot(bot_id: uuid.UUID, now: datetime) -> RunningBot | None:
    """Return a bot, its license and owner by primary key, in one query."""
    text, parameters = _running_bot_query()
    with prepared_cursor() as cursor:
        cursor.execute(text, [*parameters, bot_id])
        row = cursor.fetchone()
    if row is None:
        return None
    values = iter(row)
    bot, license, owner = (
        model.from_db(connection.alias, names, list(islice(values, len(names))))
        for model, names in RUNNING_BOT
    )
    license.user, bot.license = owner, license
    held, days = values
    standing = standing_of(license, is_held=held, grace_days=days or 0, now=now)
    return RunningBot(bot, standing)


@cache
def _running_bot_query() -> tuple[str, tuple[Any, ...]]:
    """Return the query once and for all; the bot's id is its last parameter.

    Each call of an EA begins with it, and compiling it took longer than running it.
    """
    bot_names, license_names, owner_names = (names for _, names in RUNNING_BOT)
    query = BotInstance.objects.filter(pk=uuid.UUID(int=0)).values_list(
        *bot_names,
        *(f"license__{name}" for name in license_names),
        *(f"license__user__{name}" for name in owner_names),
        is_held("license_id"),
        grace_days("license__license_type"),
    )
    text, parameters = query.query.sql_with_params()
    return text, parameters[:-1]


def live_bots(license: License) -> list[BotInstance]:
    """Return the bots that take a license's slots.

    Instances that were released, or only hold an imported statement, take none.
    """
    live = BotInstance.objects.filter(
        license=license, source=BotSource.EA, released_at=None
    )
    return list(live.order_by("id"))


def account_of(bot: BotInstance) -> Account:
    """Return a bot's trading account, as slots are counted by it."""
    return bot.mt4_account, (bot.broker_server or "").lower()


def accounts_of(bots: Iterable[BotInstance]) -> set[Account]:
    return {account_of(bot) for bot in bots}


class BotNotFound(DomainError):
    code = "BOT_NOT_FOUND"
    title = "No bot has this id"
    kind = "missing"


def required_bot(text: str) -> BotInstance:
    """Return the bot of an identifier that somebody typed. Raises BotNotFound."""
    try:
        return BotInstance.objects.get(pk=uuid.UUID(text))
    except (ValueError, BotInstance.DoesNotExist) as error:
        raise BotNotFound from error


def settings_of(bot: BotInstance) -> BotSettings | None:
    """Return a bot's settings; one that only holds a statement has none."""
    return BotSettings.objects.filter(bot_instance=bot).first()
