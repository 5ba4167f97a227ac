"""EAs: fetch the settings that their owner made."""

import json
from typing import Any

from django.http import HttpResponse

from bots.authentication import BotView
from bots.models import BotSettings
from bots.services import bot_settings
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import EaRefusal
from smarttrader.lib.ea.replies import not_modified

# As the schema names them; those that are JSON follow in their own form.
SCALARS = (
    "risk_percentage",
    "max_daily_loss",
    "max_trades_per_day",
    "stop_loss_pips",
    "take_profit_pips",
    "trailing_stop",
    "auto_trade",
    "notifications_enabled",
)
SESSION_KEYS = ("name", "days", "start", "end")
STRATEGY_KEYS = ("name", "enabled")


class Settings(BotView):
    method = "GET"

    def answer(self, fields: Fields) -> HttpResponse:  # noqa: ARG002
        standing, bot = self.running.standing, self.running.bot
        if not standing.is_valid:
            raise EaRefusal(
                403,
                standing.code,
                standing.message,
                values={
                    "open_new": standing.may_open_new,
                    "manage_open": standing.may_manage_open,
                },
            )
        etag = f'"{bot.pk.hex}-{bot.settings_version}"'
        if self.is_known(etag):
            return not_modified(etag=etag)
        settings = bot_settings.ensure_settings(bot=bot)
        return self.reply(
            "OK",
            "Your settings.",
            etag=etag,
            settings_version=bot.settings_version,
            **_flat(settings),
        )


def _flat(settings: BotSettings) -> dict[str, Any]:
    """Return the settings as scalars; lists as numbered keys, and as JSON text."""
    flat = {name: getattr(settings, name) for name in SCALARS}
    flat["trading_pairs"] = ",".join(settings.trading_pairs)
    flat |= _numbered("session", SESSION_KEYS, settings.trading_sessions)
    flat["sessions"] = len(settings.trading_sessions)
    flat |= _numbered("strategy", STRATEGY_KEYS, settings.strategies_enabled)
    flat["strategies"] = len(settings.strategies_enabled)
    flat["trading_sessions"] = _text(settings.trading_sessions)
    flat["strategies_enabled"] = _text(settings.strategies_enabled)
    return flat


def _numbered(
    word: str, keys: tuple[str, ...], items: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        f"{word}_{number}_{key}": item.get(key)
        for number, item in enumerate(items, start=1)
        for key in keys
    }


def _text(items: list[dict[str, Any]]) -> str:
    return json.dumps(items, separators=(",", ":"))
