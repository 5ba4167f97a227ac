"""Filling a database with the demo: through services where there are any."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts import queries as accounts
from accounts.models import User
from accounts.services.users import create_user
from analytics.models import EquityHour, PublicFigure
from analytics.services import rollups, track_records
from bots.models import BotInstance, LogCategory, LogLevel
from bots.services import activations, heartbeats
from bots.services.bot_settings import change_settings
from bots.services.logs import LogLine, record_logs
from licensing import queries as licensing
from licensing.models import License, LicenseType
from licensing.services import allotments
from licensing.services.issuing import issue_license
from notifications.models import Notification, NotificationType
from notifications.services import inbox
from smarttrader.demo import cast, history, subscriptions
from smarttrader.demo.equity import equity_hours
from smarttrader.demo.history import History
from smarttrader.lib.actors import SYSTEM
from smarttrader.simulation.strategy import Account, Ticket
from trading.services.ticks import record_ticks
from trading.services.trades import record_trades

BATCH = 500
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
LOGGED_TICKETS = 25
SYSTEM_LOG_DAYS = 30
UNREAD_DAYS = 7
# Days ago, type, what it is about, title, message
Told = tuple[int, NotificationType, BotInstance | License | None, str, str]
SESSIONS = [
    {"name": "London", "days": "12345", "start": "07:00", "end": "16:00"},
    {"name": "New York", "days": "12345", "start": "13:00", "end": "21:00"},
]


def seed(*, now: datetime) -> int:
    """Make what is missing of the demo, all or nothing; count the users made.

    The figures depend on the day alone. Alice's bots are made once: what became of
    them since stays.
    """
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction.atomic():
        created = [_ensure_person(person) for person in cast.PEOPLE]
        alice, charlie = _user(cast.ALICE), _user(cast.CHARLIE)
        _grant_allotments(_user(cast.BOB), now)
        if licensing.newest_license(charlie) is None:
            issue_license(
                user=charlie, license_type=LicenseType.BASIC, is_lifetime=True, now=now
            )
        numbers = [bot.account.number for bot in cast.BOTS]
        if not BotInstance.objects.filter(user=alice, mt4_account__in=numbers).exists():
            _furnish(alice, day, now)
    return sum(created)


def _ensure_person(person: cast.Person) -> bool:
    if accounts.user_by_email(person.email):
        return False
    create_user(
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        role=person.role,
        password=cast.PASSWORD,
        reseller=_user(person.reseller) if person.reseller else None,
    )
    return True


def _user(email: str) -> User:
    user = accounts.user_by_email(email)
    if user is None:
        raise LookupError(email)
    return user


def _grant_allotments(bob: User, now: datetime) -> None:
    """Give Bob what he sells; his key makes a second seed grant nothing."""
    for license_type, cycle, quantity in cast.ALLOTMENTS:
        allotments.grant_allotment(
            reseller=bob,
            license_type=license_type,
            cycle=cycle,
            quantity=quantity,
            reason="The demo's",
            idempotency_key=f"demo {license_type} {cycle}",
            actor=SYSTEM,
            now=now,
        )


def _furnish(alice: User, day: datetime, now: datetime) -> None:
    """Give Alice what a customer of a year has."""
    simulated = issue_license(
        user=alice,
        license_type=LicenseType.PRO,
        is_lifetime=True,
        now=day - history.SPAN,
    )
    other = issue_license(
        user=alice,
        license_type=LicenseType.BASIC,
        expires_at=day + 20 * DAY,
        now=day - history.SPAN,
    )
    subscriptions.write_subscriptions(simulated.license, other.license, day)
    bots = []
    for demo_bot in cast.BOTS:
        key = simulated.key if demo_bot.is_simulated else other.key
        bot = _activated(demo_bot.account, key, day)
        made_up = history.history_of(demo_bot.account, day)
        _record(bot, made_up, now)
        _write_logs(bot, made_up, now)
        bots.append(bot)
    _write_settings(bots, now)
    _write_notifications(alice, bots, day)
    # What subscriptions told longer ago is deleted as each night does.
    inbox.delete_old_notifications(now=now)
    track_records.save_track_record(
        bot=bots[0],
        title=f"{bots[0].instance_name} on a live account",
        is_public=True,
        is_indexed=False,
        figures=[each for each in PublicFigure if each != PublicFigure.AMOUNTS],
        delay_hours=24,
        now=now,
    )
    rollups.roll_up(now=now, only_bots=[bot.pk for bot in bots])


def _activated(account: Account, license_key: str, day: datetime) -> BotInstance:
    request = activations.ActivationRequest(
        license_key=license_key,
        mt4_account=account.number,
        broker_name=account.broker,
        broker_server=account.server,
        hardware_id=cast.HARDWARE_ID,
        is_live=account.is_live,
        instance_name=account.name,
        ea_version="2.4.1",
        utc_offset_minutes=account.utc_offset_minutes,
        account_currency=account.currency,
    )
    return activations.activate(request=request, actor=SYSTEM, now=day).bot


def _record(bot: BotInstance, made_up: History, now: datetime) -> None:
    reports = history.trade_reports(made_up)
    for first in range(0, len(reports), BATCH):
        record_trades(bot=bot, reports=reports[first : first + BATCH], now=now)
    record_ticks(bot=bot, ticks=history.tick_reports(made_up), now=now)
    beat = heartbeats.Heartbeat(
        balance=made_up.balance,
        equity=made_up.equity,
        open_trades=len(made_up.open_tickets),
    )
    heartbeats.record_heartbeat(bot=bot, beat=beat, now=made_up.at)
    EquityHour.objects.bulk_create(equity_hours(bot, made_up), batch_size=2000)


# --- Logs -----------------------------------------------------------------------------
def _write_logs(bot: BotInstance, made_up: History, now: datetime) -> None:
    newest = made_up.closed_tickets[-LOGGED_TICKETS:]
    lines = [line for ticket in newest for line in _lines_of(ticket, bot)]
    lines += _system_lines(bot, made_up.at)
    logs = [
        LogLine(level=level, category=category, message=message, created_at=at)
        for at, level, category, message in sorted(lines)
    ]
    record_logs(bot=bot, logs=logs, now=now)


Line = tuple[datetime, LogLevel, LogCategory, str]


def _lines_of(ticket: Ticket, bot: BotInstance) -> list[Line]:
    side = "buy" if ticket.is_buy else "sell"
    opened = f"open #{ticket.number} {side} {ticket.opened_lots} {ticket.symbol}"
    currency = bot.account_currency
    closed = f"close #{ticket.number}: {ticket.net:+} {currency}"
    level = LogLevel.INFO
    if ticket.closing_comment.startswith("so:"):
        level, closed = LogLevel.WARNING, f"{closed}, stopped out by the broker"
    lines = [(ticket.closed_at, level, LogCategory.TRADE, closed)]
    if ticket.parent is None:
        lines.append((ticket.opened_at, LogLevel.INFO, LogCategory.TRADE, opened))
    return lines


def _system_lines(bot: BotInstance, day: datetime) -> list[Line]:
    lines: list[Line] = []
    for days in range(1, SYSTEM_LOG_DAYS + 1):
        morning = day - days * DAY
        system = (LogLevel.INFO, LogCategory.SYSTEM)
        lines.append((morning + MINUTE, *system, "daily limits reset"))
        if days % 7 == 0:
            at = morning + 6 * HOUR
            lines += [
                (at, LogLevel.WARNING, LogCategory.SYSTEM, "connection lost"),
                (at + 2 * MINUTE, *system, "connected to the trade server again"),
            ]
        if days % 11 == 0:
            message = "OrderSend failed: error 138 (requote), tried again"
            lines.append(
                (morning + 9 * HOUR, LogLevel.ERROR, LogCategory.ERROR, message)
            )
        if days % 5 == 0:
            message = f"{bot.instance_name}: spread too wide, no entry"
            lines.append(
                (morning + 21 * HOUR, LogLevel.DEBUG, LogCategory.STRATEGY, message)
            )
    return lines


# --- Settings, inbox ------------------------------------------------------------------
def _write_settings(bots: list[BotInstance], now: datetime) -> None:
    for bot, demo_bot in zip(bots, cast.BOTS, strict=True):
        first = demo_bot.account.strategies[0]
        changes = {
            "risk_percentage": repr(first.risk * 100),
            "max_daily_loss": Decimal(demo_bot.account.deposit) / 50,
            "max_trades_per_day": max(10, round(3 * first.trades_per_day)),
            "trading_pairs": list(first.symbols),
            "trading_sessions": SESSIONS,
            "strategies_enabled": [
                {"name": strategy.name, "enabled": True}
                for strategy in demo_bot.account.strategies
            ],
            "trailing_stop": demo_bot.is_simulated,
        }
        change_settings(bot=bot, changes=changes, actor=SYSTEM, now=now)


def _write_notifications(alice: User, bots: list[BotInstance], day: datetime) -> None:
    Notification.objects.bulk_create(
        [
            Notification(
                user=alice,
                type=kind,
                title=title,
                message=message,
                is_read=days_ago > UNREAD_DAYS,
                metadata=_named(about),
                created_at=day - days_ago * DAY + 10 * HOUR,
            )
            for days_ago, kind, about, title, message in _told_of(bots)
        ]
    )


def _told_of(bots: list[BotInstance]) -> list[Told]:
    first, second, last = bots[0], bots[1], bots[-1]
    account, alert = NotificationType.ACCOUNT, NotificationType.ALERT
    return [
        (25, account, None, "Welcome back", "You signed in anew."),
        (
            *(14, alert, last, f"{last.instance_name} is offline"),
            f"We have not heard of account {last.mt4_account} for 3 minutes.",
        ),
        (
            *(14, alert, last, f"{last.instance_name} is back"),
            f"Account {last.mt4_account} reports again.",
        ),
        (
            *(6, alert, second, "A bad week"),
            f"{second.instance_name} lost more than its daily limit.",
        ),
        (
            *(2, NotificationType.TRADE, first, "Largest win of the month"),
            f"{first.instance_name} closed its best trade of the month.",
        ),
        (
            *(1, alert, last.license, "A license ends soon"),
            f"The Basic license of {last.instance_name} ends in 20 days.",
        ),
    ]


def _named(about: BotInstance | License | None) -> dict[str, str] | None:
    """Return how a notification names what it is about."""
    if about is None:
        return None
    name = "bot_id" if isinstance(about, BotInstance) else "license_id"
    return {name: str(about.pk)}
