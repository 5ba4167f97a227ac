"""Settings of a bot: made with it, changed by its owner, versioned and audited."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bots import queries
from bots.models import BotInstance, BotSettings, BotSource, SettingsChange
from bots.services.locks import locked_bot
from bots.settings_schema import checked_settings
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError

# Empty lists: every pair, at any time, whichever strategy the EA has.
DEFAULTS: dict[str, list[Any]] = {
    "trading_pairs": [],
    "trading_sessions": [],
    "strategies_enabled": [],
}


class NoSettings(DomainError):
    code = "NO_SETTINGS"
    title = _("No EA runs this bot, so it has no settings")
    kind = "missing"


class SettingsChanged(DomainError):
    code = "SETTINGS_CHANGED"
    title = _("The settings were changed meanwhile: look at them again")
    kind = "conflict"


def ensure_settings(*, bot: BotInstance) -> BotSettings:
    """Return a bot's settings; one that has none is given the schema's."""
    settings = queries.settings_of(bot)
    if settings is None:
        BotSettings.objects.bulk_create(
            [BotSettings(bot_instance=bot, **DEFAULTS)], ignore_conflicts=True
        )
        settings = BotSettings.objects.get(bot_instance=bot)
    return settings


def shown_settings(*, bot: BotInstance) -> BotSettings:
    """Return a bot's settings with the bot. Raises NoSettings."""
    if bot.source == BotSource.STATEMENT:
        raise NoSettings
    settings = ensure_settings(bot=bot)
    settings.bot_instance = bot
    return settings


def change_settings(
    *,
    bot: BotInstance,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    version_seen: int | None = None,
) -> int:
    """Change some of a bot's settings, all or none; return the version that holds now.

    What changes nothing makes no new version. Locks the bot. Raises SettingsInvalid
    (with the field to blame), BotNotFound, NoSettings, and SettingsChanged when the
    version that the change was made for, if it is told, is no longer the one that
    holds.
    """
    checked = checked_settings(changes)
    with transaction.atomic():
        locked = locked_bot(bot.pk)
        if locked.source == BotSource.STATEMENT:
            raise NoSettings
        if version_seen not in (None, locked.settings_version):
            raise SettingsChanged
        settings = ensure_settings(bot=locked)
        before = {name: getattr(settings, name) for name in checked}
        changed = {name for name in checked if checked[name] != before[name]}
        if not changed:
            return locked.settings_version
        version = locked.settings_version + 1
        BotSettings.objects.filter(pk=settings.pk).update(
            **{name: checked[name] for name in changed}, updated_at=now
        )
        BotInstance.objects.filter(pk=locked.pk).update(
            settings_version=version, updated_at=now
        )
        SettingsChange.objects.create(
            bot_instance=locked,
            version=version,
            at=now,
            actor_type=actor.type,
            actor_id=actor.id,
            before={name: _plain(before[name]) for name in sorted(changed)},
            after={name: _plain(checked[name]) for name in sorted(changed)},
        )
        return version


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | list) else str(value)
