"""Settings of a bot: made with it, changed by its owner, versioned and audited."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bots import queries
from bots.models import BotInstance, BotSettings, BotSource, SettingsChange
from bots.services import guard_peaks
from bots.services.locks import locked_bot
from bots.settings_schema import SettingsInvalid, checked_settings
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError

# Empty lists: every pair, at any time, whichever strategy the EA has.
DEFAULTS: dict[str, list[Any]] = {
    "trading_pairs": [],
    "trading_sessions": [],
    "strategies_enabled": [],
}
COLUMNS_OF_BOT = {"guard_enabled"}


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
        settings = shown_settings(bot=locked)
        if version_seen not in (None, locked.settings_version):
            raise SettingsChanged
        _check_guard(settings, checked)
        before = {name: getattr(settings, name) for name in checked}
        changed = {name for name in checked if checked[name] != before[name]}
        if not changed:
            return locked.settings_version
        version = locked.settings_version + 1
        _write(settings, {name: checked[name] for name in changed}, version, now)
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


def _check_guard(settings: BotSettings, checked: Mapping[str, Any]) -> None:
    """Refuse limits in a currency that the account does not have.

    A guard that is on already may outlive a change of the account's currency: it rests.
    """
    of_account = settings.bot_instance.account_currency
    saved_in = checked.get("limits_currency", settings.limits_currency)
    if saved_in not in (settings.limits_currency, of_account):
        raise SettingsInvalid(
            "limits_currency",
            f"the account is in {of_account}"
            if of_account
            else "its EA has not told in which currency the account is",
        )
    is_switched_on = checked.get("guard_enabled") and not settings.guard_enabled
    if is_switched_on and (not saved_in or saved_in != of_account):
        raise SettingsInvalid(
            "guard_enabled",
            "save the limits in the account's currency first, by limits_currency",
        )


def _write(
    settings: BotSettings, changes: Mapping[str, Any], version: int, now: datetime
) -> None:
    of_bot = {name: changes[name] for name in changes if name in COLUMNS_OF_BOT}
    of_settings = {name: changes[name] for name in changes if name not in of_bot}
    BotSettings.objects.filter(pk=settings.pk).update(**of_settings, updated_at=now)
    BotInstance.objects.filter(pk=settings.bot_instance_id).update(
        **of_bot, settings_version=version, updated_at=now
    )
    if changes.keys() & {"max_drawdown_percentage", "limits_currency"}:
        guard_peaks.begin_anew(bot_id=settings.bot_instance_id)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | list | None) else str(value)
