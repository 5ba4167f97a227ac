"""A user's bots by our clock: how each is doing, what it earned, what needs a hand."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from accounts.models import User
from analytics.queries.performance import Performance, performance_by_bot
from bots.models import BotInstance, BotSource, BotState, BotStatus
from bots.queries import breaches_by_bot
from licensing.models import License, LicenseStatus
from trading import queries as trading
from trading.models import StatementImport, Trade, TradeStatus

LATEST_OPEN, LATEST_CLOSED = 5, 10
EXPIRES_SOON = timedelta(days=14)
DAY = timedelta(days=1)

TONES = {
    BotState.ONLINE: "ok",
    BotState.SLOW: "caution",
    BotState.OFFLINE: "bad",
    BotState.ERROR: "bad",
}


@dataclass(frozen=True, slots=True)
class FleetBot:
    bot: BotInstance
    state: BotState
    performance: Performance

    @property
    def tone(self) -> str:
        """Return the badge's color, which only repeats the word beside it."""
        return TONES.get(self.state, "")

    @property
    def open_profit(self) -> Decimal | None:
        """Return equity minus balance, as the last heartbeat told them."""
        if self.bot.equity is None or self.bot.balance is None:
            return None
        return Decimal(self.bot.equity - self.bot.balance)


@dataclass(frozen=True, slots=True)
class EquityNow:
    """What the bots that told their equity hold together, in one currency."""

    bots: int
    equity: Decimal
    balance: Decimal
    demo: Decimal | None  # play money in the equity, where there is real money as well
    stale: list[BotInstance]  # those whose figures are no longer live
    stale_since: datetime | None  # the oldest of those

    @property
    def open_profit(self) -> Decimal:
        return self.equity - self.balance

    @property
    def is_all_stale(self) -> bool:
        return len(self.stale) == self.bots


class Trouble(StrEnum):
    """What can need attention, the most urgent first."""

    BOT_ERROR = "bot_error"
    BOT_OFFLINE = "bot_offline"
    GUARD_PASSED = "guard_passed"
    GUARD_HOLDS = "guard_holds"
    LICENSE_STOPPED = "license_stopped"
    LICENSE_EXPIRED = "license_expired"
    LICENSE_EXPIRING = "license_expiring"
    STATEMENT_DIFFERS = "statement_differs"


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs a hand: of a bot, a license or a statement."""

    trouble: Trouble
    bot: BotInstance | None = None
    license: License | None = None
    days_left: int = 0  # until the license expires, a part of a day counted as one
    statement: StatementImport | None = None


def fleet(user: User, now: datetime) -> list[FleetBot]:
    """Return a user's bots with their licenses, states and figures, by name."""
    bots = list(
        BotInstance.objects.filter(user=user)
        .select_related("license")
        .order_by("instance_name", "id")
    )
    by_bot = performance_by_bot([bot.pk for bot in bots])
    return [
        FleetBot(bot, bot.state(now), by_bot.get(bot.pk, Performance())) for bot in bots
    ]


def fleet_bot(user: User, bot_id: uuid.UUID, now: datetime) -> FleetBot | None:
    """Return one bot of a user with its license and settings, or None."""
    bot = (
        BotInstance.objects.filter(user=user, pk=bot_id)
        .select_related("license", "settings")
        .first()
    )
    if bot is None:
        return None
    by_bot = performance_by_bot([bot.pk])
    return FleetBot(bot, bot.state(now), by_bot.get(bot.pk, Performance()))


def currencies(bots: Sequence[FleetBot]) -> list[str]:
    """Return the currencies of the bots: those of live ones first, then the busiest."""
    ranks: dict[str, tuple[bool, int]] = {}
    for each in bots:
        rank = (each.bot.last_heartbeat is not None, each.performance.total_trades)
        known = ranks.get(each.bot.account_currency)
        ranks[each.bot.account_currency] = max(known, rank) if known else rank
    return sorted(ranks, key=lambda name: (not ranks[name][0], -ranks[name][1], name))


def equity_now(bots: Sequence[FleetBot]) -> EquityNow | None:
    """Return the sum over bots of one currency, or None where none told its equity."""
    # Two bots on one account report the same money: it counts once, as told last.
    told: dict[tuple[str, str], FleetBot] = {}
    for each in bots:
        if not each.bot.is_connected or each.open_profit is None:
            continue
        account = (each.bot.mt4_account, (each.bot.broker_server or "").lower())
        known = told.get(account)
        if known is None or _heard(each.bot) > _heard(known.bot):
            told[account] = each
    if not told:
        return None
    heard = [each.bot for each in told.values()]
    stale = [each.bot for each in told.values() if each.state == BotState.OFFLINE]
    demo = [bot.equity for bot in heard if not bot.is_live]
    return EquityNow(
        bots=len(heard),
        equity=sum((bot.equity for bot in heard), Decimal(0)),
        balance=sum((bot.balance for bot in heard), Decimal(0)),
        demo=sum(demo, Decimal(0)) if 0 < len(demo) < len(heard) else None,
        stale=stale,
        stale_since=min(
            (bot.last_heartbeat for bot in stale if bot.last_heartbeat), default=None
        ),
    )


def kinds(bots: Sequence[FleetBot]) -> dict[str, int]:
    """Count accounts with real money, with play money, and those of statements."""
    files = sum(each.bot.source == BotSource.STATEMENT for each in bots)
    live = sum(
        each.bot.is_live and each.bot.source != BotSource.STATEMENT for each in bots
    )
    return {"live": live, "demo": len(bots) - live - files, "statement": files}


def latest_trades(bots: Sequence[FleetBot]) -> list[Trade]:
    """Return the open trades and those that closed last, with their bots.

    What a statement left open is not among them: nobody tells how it went on.
    """
    instances = [each.bot for each in bots]
    reporting = [bot for bot in instances if bot.source == BotSource.EA]
    # Without a close time they are the end of the index, and no closed one is read.
    opened = Trade.objects.filter(status=TradeStatus.OPEN, closed_at=None)
    closed = Trade.objects.filter(status=TradeStatus.CLOSED)
    return [
        *trading.newest_trades(reporting, opened, limit=LATEST_OPEN),
        *trading.newest_trades(instances, closed, limit=LATEST_CLOSED),
    ]


def attention(user: User, bots: Sequence[FleetBot], now: datetime) -> list[Attention]:
    """Return what needs the user's attention, the most urgent first."""
    found = [
        *_troubled_bots(bots),
        *_bots_past_a_limit(bots, now),
        *_troubled_licenses(bots, now),
        *_differing_statements(user),
    ]
    urgency = list(Trouble)
    return sorted(found, key=lambda each: urgency.index(each.trouble))


def _heard(bot: BotInstance) -> float:
    return bot.last_heartbeat.timestamp() if bot.last_heartbeat else 0.0


def _troubled_bots(bots: Sequence[FleetBot]) -> list[Attention]:
    troubles = {
        BotState.ERROR: Trouble.BOT_ERROR,
        BotState.OFFLINE: Trouble.BOT_OFFLINE,
    }
    return [
        Attention(troubles[each.state], bot=each.bot)
        for each in bots
        if each.bot.is_connected and each.state in troubles
    ]


def _bots_past_a_limit(bots: Sequence[FleetBot], now: datetime) -> list[Attention]:
    """Return the bots that the risk guard holds, and those that trade on regardless."""
    breaches = breaches_by_bot([each.bot for each in bots], now)
    found = []
    for each in bots:
        passed = breaches[each.bot.pk]
        if any(breach.is_holding for breach in passed):
            found.append(Attention(Trouble.GUARD_HOLDS, bot=each.bot))
        elif each.bot.status == BotStatus.RUNNING and any(
            breach.has_paused_nothing for breach in passed
        ):
            found.append(Attention(Trouble.GUARD_PASSED, bot=each.bot))
    return found


def _troubled_licenses(bots: Sequence[FleetBot], now: datetime) -> list[Attention]:
    """Return the licenses under which something runs, and soon or already cannot."""
    in_use = {
        each.bot.license_id: each.bot.license for each in bots if each.bot.is_connected
    }
    found = []
    for license in in_use.values():
        trouble = _trouble_of(license, now)
        if trouble:
            left = (license.expires_at or now) - now
            found.append(Attention(trouble, license=license, days_left=-(-left // DAY)))
    return found


def _trouble_of(license: License, now: datetime) -> Trouble | None:
    if license.status in (LicenseStatus.REVOKED, LicenseStatus.SUSPENDED):
        return Trouble.LICENSE_STOPPED
    ends = license.expires_at
    if license.status == LicenseStatus.EXPIRED or (ends and ends <= now):
        return Trouble.LICENSE_EXPIRED
    return Trouble.LICENSE_EXPIRING if ends and ends <= now + EXPIRES_SOON else None


def _differing_statements(user: User) -> list[Attention]:
    """Return each account's latest statement whose figures are not MetaTrader's."""
    latest = (
        StatementImport.objects.filter(user=user)
        .select_related("check_result")
        .order_by("bot_instance_id", "-created_at", "-id")
        .distinct("bot_instance_id")
    )
    return [
        Attention(Trouble.STATEMENT_DIFFERS, statement=record)
        for record in latest
        if hasattr(record, "check_result") and record.check_result.mismatches
    ]
