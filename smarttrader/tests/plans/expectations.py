"""What each named query may touch: how many partitions, and how many rows.

A query function without an entry fails the test. The history has 8,000 trades of a
hundred bots in 37 months, and three months are made ahead. The largest bot has 800 of
them, its owner's ten bots have 1,325; their metrics are 3,260 rows of 30,000, their
hours of equity 4,800 of 48,000. Lists are sorted twice, a page of each bot and the page
of all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal

from analytics.models import (
    MetricType,
    PerformanceMetric,
    PublicFigure,
    PublicTrackRecord,
    RollupDirty,
)
from analytics.queries import (
    breakdowns,
    curves,
    equity,
    fleet,
    order,
    performance,
    periods,
    results,
    statements,
    track_records,
)
from analytics.queries import guard as guard_queries
from analytics.services import equity as equity_sweep
from analytics.services import guard, rollups
from billing import queries as billing
from billing.models import Payment, Subscription
from bots import queries as bots
from bots.models import (
    BotInstance,
    BotLog,
    BotSettings,
    BotSource,
    LogCategory,
    LogLevel,
)
from bots.services import heartbeats, logs
from licensing.models import License
from notifications.models import DigestFrequency, WebhookEndpoint
from notifications.periods import Due, Period
from notifications.queries import digests, inbox, preferences
from notifications.services import inbox as inbox_writes
from smarttrader.jobs.services import invariants
from smarttrader.lib.keyset import Place
from smarttrader.tests.plans.ground import Ground
from trading import queries as trading
from trading.models import Trade, TradeHistory, TradeStatus, TradeType
from trading.services import tickets, ticks, trades

ANY = Trade.objects.all()
TICKS = TradeHistory.objects.all()
LOGS = BotLog.objects.all()
METRICS = PerformanceMetric.objects.filter(metric_type=MetricType.DAILY)
A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Of each statement of a call: partitions in its plan, rows read or sorted."""

    call: Callable[[Ground], object]
    trades: int = 0
    ticks: int = 0
    logs: int = 0
    rows: int
    # Sums up all trades that it finds; else it may do so behind a LIMIT only.
    aggregates: bool = False


def _fleet(ground: Ground) -> list[fleet.FleetBot]:
    return fleet.fleet(ground.owner, ground.now)


def _reports(
    ground: Ground, count: int, *, profit: Decimal = Decimal(0)
) -> list[trades.TradeReport]:
    """Report the newest closed trades again, each with so much more profit."""
    return [
        trades.TradeReport(
            ticket_number=trade.ticket_number,
            symbol=trade.symbol,
            trade_type=TradeType(trade.trade_type),
            lot_size=trade.lot_size,
            open_price=trade.open_price,
            opened_at=trade.opened_at,
            status=TradeStatus.CLOSED,
            close_price=trade.close_price,
            closed_at=trade.closed_at,
            commission=trade.commission,
            swap=trade.swap,
            profit=trade.profit + profit,
        )
        for trade in ground.closed[:count]
    ]


def _left_open(ground: Ground) -> list[Trade]:
    """Return a trade as if a statement had left it open."""
    bot = BotInstance(pk=ground.largest.pk, source=BotSource.STATEMENT)
    return [Trade(bot_instance=bot, status=TradeStatus.OPEN)]


def _record_ticks(ground: Ground) -> object:
    trade = ground.closed[0]
    reports = [
        ticks.TickReport(
            ticket_number=trade.ticket_number,
            current_price=Decimal(1),
            unrealized_profit=Decimal(place),
            recorded_at=trade.opened_at + place * timedelta(seconds=1),
        )
        for place in range(100)
    ]
    return ticks.record_ticks(bot=ground.largest, ticks=reports, now=ground.now)


def _record_logs(ground: Ground) -> object:
    lines: Sequence[logs.LogLine] = [
        logs.LogLine(
            level=LogLevel.INFO,
            category=LogCategory.TRADE,
            message="Line",
            client_seq=place,
        )
        for place in range(50)
    ]
    return logs.record_logs(bot=ground.largest, logs=lines, now=ground.now)


def _roll_up_an_hour(ground: Ground) -> object:
    """Roll up the last hour of each of the owner's bots."""
    hour = ground.now.replace(minute=0) - timedelta(hours=1)
    RollupDirty.objects.bulk_create(
        RollupDirty(bot_instance=bot, hour_start=hour) for bot in ground.bots
    )
    return rollups.roll_up(now=ground.now)


def _look_at_running_days(ground: Ground) -> list[guard_queries.Look]:
    """Look at the day of the owner's ten bots, as if they were heard just now."""
    BotInstance.objects.filter(pk__in=ground.bot_ids).update(
        last_heartbeat=ground.now, balance=1000, equity=1000
    )
    return guard_queries.looks(now=ground.now)


def _sweep_with_drawdowns(ground: Ground) -> object:
    _look_at_running_days(ground)
    BotSettings.objects.update(max_drawdown_percentage=10)
    return guard.sweep(now=ground.now)


def _order_of_a_month(ground: Ground) -> object:
    """Put the trades in order that closed in the last thirty days."""
    today = ground.now.date()
    return order.order_of_trades(
        ground.bot_ids,
        breakdowns.Days(today - timedelta(days=30), today),
        first_opened_at=ground.now - timedelta(days=31),
    )


def _record(ground: Ground) -> PublicTrackRecord:
    """Return a track record of the largest bot that shows everything."""
    return PublicTrackRecord(
        bot_instance=ground.largest, figures=PublicFigure.values, delay_hours=24
    )


def _week(ground: Ground) -> Period:
    return Period(DigestFrequency.WEEKLY, ground.now.date() - timedelta(days=7))


def _quietly(_line: str) -> None:
    """Want no progress."""


# fmt: off
EXPECTATIONS: dict[str, Expected] = {
    # --- What is paid for -------------------------------------------------------------
    "billing.queries.accounts_in_use": Expected(
        call=lambda g: billing.accounts_in_use(Subscription(license=g.largest.license)),
        rows=20,
    ),
    "billing.queries.paid_periods": Expected(
        call=lambda g: billing.paid_periods(Subscription(), g.now), rows=1
    ),
    "billing.queries.subscriptions_to_show": Expected(
        call=lambda g: billing.subscriptions_to_show(
            g.owner, g.now, is_sold_online=True
        ),
        rows=20,
    ),
    "billing.queries.plans_on_offer": Expected(
        call=lambda _: billing.plans_on_offer(), rows=4
    ),
    "billing.queries.trial_of": Expected(
        call=lambda g: billing.trial_of(g.owner), rows=20
    ),
    "billing.queries.licenses_without_subscription": Expected(
        call=lambda g: list(billing.licenses_without_subscription(g.owner)), rows=20
    ),
    "billing.queries.papers_of": Expected(
        call=lambda g: billing.papers_of(g.owner, 500), rows=1
    ),
    "billing.queries.offers_of": Expected(
        call=lambda g: billing.offers_of(
            Subscription(
                plan_type="PRO", billing_cycle="monthly", status="active", amount=59,
                current_period_start=g.now, current_period_end=g.now + A_MINUTE,
            ),
            g.now,
        ),
        rows=4,
    ),
    "billing.queries.revenue_by_month": Expected(
        call=lambda _: list(billing.revenue_by_month(Payment.objects.all())), rows=1
    ),
    # --- What people are told ---------------------------------------------------------
    "notifications.queries.preferences.choices_of": Expected(
        call=lambda g: preferences.choices_of(g.owner), rows=1
    ),
    "notifications.queries.preferences.latest_deliveries": Expected(
        call=lambda _: preferences.latest_deliveries(WebhookEndpoint()), rows=1
    ),
    "billing.queries.revenue_since": Expected(
        call=lambda g: billing.revenue_since(Payment.objects.all(), g.now), rows=1
    ),
    # --- Lists of trades --------------------------------------------------------------
    "trading.queries.drawn_ticks": Expected(
        call=lambda g: trading.drawn_ticks(g.closed[0], now=g.now),
        ticks=3, rows=40,
    ),
    "trading.queries.newest_trades": Expected(
        call=lambda g: trading.newest_trades(g.bots, ANY, limit=51),
        trades=37, rows=1000,
    ),
    "trading.queries.newest_trades: far page": Expected(
        call=lambda g: trading.newest_trades(g.bots, ANY, limit=51, after=g.middle),
        trades=19, rows=1000,
    ),
    "trading.queries.newest_trades: of a ticket": Expected(
        call=lambda g: trading.newest_trades(
            [g.largest], ANY, limit=51, ticket=g.tickets[400]
        ),
        trades=1, rows=2,
    ),
    "trading.queries.newest_trades: nothing matches": Expected(
        call=lambda g: trading.newest_trades(
            [g.largest], ANY.filter(symbol="NONE"), limit=51
        ),
        trades=37, rows=200,
    ),
    # Ten bots have a ticket of this number, over eighteen months.
    "trading.queries.trades_of_ticket": Expected(
        call=lambda g: trading.trades_of_ticket(
            BotInstance.objects.all(), g.tickets[400], limit=10
        ),
        trades=19, rows=120,
    ),
    "trading.queries.all_trades": Expected(
        call=lambda g: list(trading.all_trades([g.largest], ANY)),
        trades=37, rows=1600,
    ),
    "trading.queries.sums_of_trades": Expected(
        call=lambda g: trading.sums_of_trades([g.largest], ANY),
        trades=37, rows=800,
    ),
    "trading.queries.when_printed": Expected(
        call=lambda g: trading.when_printed(_left_open(g)), rows=0
    ),
    "trading.queries.known_trades": Expected(
        call=lambda g: trading.known_trades(
            g.largest,
            [trade.ticket_number for trade in g.closed[:20]],
            months_from=g.closed[19].opened_at - timedelta(days=31),
            months_until=g.now,
        ),
        trades=3, rows=40,
    ),
    "trading.queries.closed_trades_in_order": Expected(
        call=lambda g: list(
            trading.closed_trades_in_order([g.largest.pk], g.tickets[:20])
        ),
        trades=1, rows=40,
    ),
    "trading.queries.newest_ticks": Expected(
        call=lambda g: trading.newest_ticks(g.closed[0], TICKS, limit=51),
        ticks=3, rows=60,
    ),
    # --- Bots -------------------------------------------------------------------------
    "bots.queries.running_bot": Expected(
        call=lambda g: bots.running_bot(g.largest.pk, g.now), rows=0
    ),
    "bots.queries.bots_found": Expected(
        call=lambda g: bots.bots_found(g.owner, g.largest.mt4_account), rows=1000
    ),
    "bots.queries.live_bots": Expected(
        call=lambda g: bots.live_bots(g.largest.license), rows=5
    ),
    "bots.queries.required_bot": Expected(
        call=lambda g: bots.required_bot(str(g.largest.pk)), rows=0
    ),
    "bots.queries.settings_of": Expected(
        call=lambda g: bots.settings_of(g.largest), rows=1
    ),
    "bots.queries.latest_commands": Expected(
        call=lambda g: bots.latest_commands(g.largest, 4), rows=0
    ),
    "bots.queries.breaches_to_show": Expected(
        call=lambda g: bots.breaches_to_show(g.largest, g.now), rows=0
    ),
    "bots.queries.breaches_by_bot": Expected(
        call=lambda g: bots.breaches_by_bot(g.bots, g.now), rows=0
    ),
    "bots.queries.licenses_of": Expected(
        call=lambda g: bots.licenses_of(g.owner, g.now, limit=11), rows=50
    ),
    "bots.queries.licenses_to_mind": Expected(
        call=lambda g: bots.licenses_to_mind(g.owner, g.now), rows=50
    ),
    "bots.queries.connecting_bots": Expected(
        call=lambda g: bots.connecting_bots(g.owner, g.now - timedelta(hours=1)),
        rows=10,
    ),
    "bots.queries.refused_activation": Expected(
        call=lambda g: bots.refused_activation(g.owner, g.now - timedelta(hours=1)),
        rows=0,
    ),
    "bots.queries.licenses_in_use": Expected(
        call=lambda g: list(
            bots.licenses_in_use(License.objects.filter(pk=g.largest.license_id))
        ),
        rows=5,
    ),
    "bots.queries.bots_to_list": Expected(
        call=lambda g: bots.bots_to_list(g.owner), rows=20
    ),
    "bots.queries.newest_logs": Expected(
        call=lambda g: bots.newest_logs(g.bots, LOGS, limit=51, after=None, now=g.now),
        logs=7, rows=1100,
    ),
    "bots.queries.newest_logs: of a bot and a level": Expected(
        call=lambda g: bots.newest_logs(
            g.bots[:1],
            LOGS.filter(log_level="ERROR"),
            limit=51,
            after=None,
            now=g.now,
        ),
        logs=7, rows=200,
    ),
    "bots.queries.newest_of_bots": Expected(
        call=lambda g: bots.newest_of_bots(
            g.bots, METRICS, "period_start", limit=51, after=None
        ),
        rows=1100,
    ),
    # --- Analytics --------------------------------------------------------------------
    "analytics.queries.fleet.fleet": Expected(call=_fleet, rows=3300),
    "analytics.queries.fleet.fleet_bot": Expected(
        call=lambda g: fleet.fleet_bot(g.owner, g.largest.pk, g.now), rows=1600
    ),
    "analytics.queries.fleet.latest_trades": Expected(
        call=lambda g: fleet.latest_trades(_fleet(g)), trades=37, rows=3300
    ),
    "analytics.queries.fleet.attention": Expected(
        call=lambda g: fleet.attention(g.owner, _fleet(g), g.now), rows=3300
    ),
    "analytics.queries.performance.performance_by_bot": Expected(
        call=lambda g: performance.performance_by_bot([bot.pk for bot in g.bots]),
        rows=3300,
    ),
    "analytics.queries.performance.balance_curve": Expected(
        call=lambda g: performance.balance_curve([bot.pk for bot in g.bots]),
        rows=3300,
    ),
    # As for the first time: all that there is, once.
    "analytics.queries.curves.curve_of_bots": Expected(
        call=lambda g: curves.curve_of_bots(g.bots, g.now), rows=5300
    ),
    # Twenty days of ten bots, sorted once by their accounts and once added up.
    "analytics.queries.equity.told_equity": Expected(
        call=lambda g: equity.told_equity(g.bots), rows=5300
    ),
    "analytics.queries.performance.newest_metrics": Expected(
        call=lambda g: performance.newest_metrics(g.bots, METRICS, limit=51), rows=1100
    ),
    "analytics.queries.breakdowns.trades_by_part": Expected(
        call=lambda g: breakdowns.trades_by_part(g.bot_ids), rows=3300
    ),
    "analytics.queries.breakdowns.trades_by_time": Expected(
        call=lambda g: breakdowns.trades_by_time(g.bot_ids), rows=3300
    ),
    "analytics.queries.periods.periods_of_days": Expected(
        call=lambda g: periods.periods_of_days(g.bot_ids, breakdowns.ALL_DAYS),
        rows=3300,
    ),
    "analytics.queries.periods.newest_periods": Expected(
        call=lambda g: periods.newest_periods(g.bot_ids, MetricType.HOURLY, limit=21),
        rows=1600,
    ),
    "analytics.queries.periods.days_of_year": Expected(
        call=lambda g: periods.days_of_year(g.bot_ids, g.now.year), rows=1100
    ),
    "analytics.queries.periods.is_behind": Expected(
        call=lambda g: periods.is_behind(g.bot_ids, g.now), rows=0
    ),
    "analytics.queries.results.results_by_currency": Expected(
        call=lambda g: results.results_by_currency(
            g.bots,
            results.Span(_week(g).start, _week(g).end, UTC),
            chart_from=_week(g).start,
        ),
        rows=100,
    ),
    "analytics.queries.order.order_of_trades": Expected(
        call=_order_of_a_month, trades=2, rows=700
    ),
    "analytics.queries.track_records.track_record_of": Expected(
        call=lambda g: track_records.track_record_of(g.owner, g.largest.pk), rows=0
    ),
    "analytics.queries.track_records.public_record": Expected(
        call=lambda _ground: track_records.public_record("slug"), rows=0
    ),
    "analytics.queries.track_records.public_figures": Expected(
        call=lambda g: track_records.public_figures(_record(g)), rows=900
    ),
    # The hours of the curve are half of the bot's metrics: the client's index of bots
    # alone costs as much, and by it all 1,544 of them are read.
    "analytics.queries.track_records.track_record": Expected(
        call=lambda g: track_records.track_record(_record(g), None, g.now),
        trades=37, rows=1600,
    ),
    "analytics.queries.track_records.verification_of": Expected(
        call=lambda g: track_records.verification_of(g.largest), rows=0
    ),
    "analytics.queries.statements.statement_imports": Expected(
        call=lambda g: list(statements.statement_imports(g.owner)), rows=0
    ),
    "analytics.queries.guard.looks": Expected(
        call=_look_at_running_days, trades=1, rows=400, aggregates=True
    ),
    "analytics.queries.guard.known_breaches": Expected(
        call=lambda g: guard_queries.known_breaches(_look_at_running_days(g)),
        trades=1, rows=400, aggregates=True,
    ),
    # --- Notifications ----------------------------------------------------------------
    "notifications.queries.inbox.newest_notifications": Expected(
        call=lambda g: inbox.newest_notifications(g.owner, limit=31), rows=31
    ),
    "notifications.queries.inbox.newest_notifications: far page": Expected(
        call=lambda g: inbox.newest_notifications(
            g.owner, limit=31, after=Place(g.now - A_MINUTE, g.largest.pk)
        ),
        rows=31,
    ),
    "notifications.queries.inbox.unread_count": Expected(
        call=lambda g: inbox.unread_count(g.owner), rows=inbox.MOST_COUNTED
    ),
    # Each of the ten users, sorted or hashed, as the planner likes.
    "notifications.queries.digests.due_by_zone": Expected(
        call=lambda g: digests.due_by_zone(g.now), rows=10
    ),
    "notifications.queries.digests.users_to_send": Expected(
        call=lambda g: list(digests.users_to_send(Due(_week(g), g.now), ["UTC"])),
        rows=0,
    ),
    "notifications.queries.digests.digest_frequency": Expected(
        call=lambda g: digests.digest_frequency(g.owner), rows=0
    ),
    "notifications.queries.digests.digest_content": Expected(
        call=lambda g: digests.digest_content(g.owner, _week(g), g.now), rows=3300
    ),
    # --- Writes: the statements of */sql ----------------------------------------------
    "trading.services.trades.record_trades: again": Expected(
        call=lambda g: trades.record_trades(
            bot=g.largest, reports=_reports(g, 20), now=g.now
        ),
        trades=1, rows=50,
    ),
    "trading.services.trades.record_trades: other figures": Expected(
        call=lambda g: trades.record_trades(
            bot=g.largest, reports=_reports(g, 20, profit=Decimal(1)), now=g.now
        ),
        trades=1, rows=900,
    ),
    "trading.services.tickets.verify_tickets": Expected(
        call=lambda g: tickets.verify_tickets(
            bot_ids=[g.largest.pk], tickets=g.tickets[:20], now=g.now
        ),
        rows=60,
    ),
    "trading.services.ticks.record_ticks": Expected(
        call=_record_ticks, trades=1, rows=100
    ),
    "bots.services.logs.record_logs": Expected(call=_record_logs, logs=4, rows=50),
    "bots.services.heartbeats.record_heartbeat": Expected(
        call=lambda g: heartbeats.record_heartbeat(
            bot=g.largest, beat=heartbeats.Heartbeat(), now=g.now
        ),
        rows=0,
    ),
    "bots.services.heartbeats.sweep_offline": Expected(
        call=lambda g: heartbeats.sweep_offline(now=g.now + 10 * A_MINUTE), rows=100
    ),
    "analytics.services.guard.sweep": Expected(
        call=_sweep_with_drawdowns, trades=1, rows=400, aggregates=True
    ),
    "analytics.services.equity.note_equity": Expected(
        call=lambda g: equity_sweep.note_equity(now=g.now), rows=100
    ),
    "analytics.services.equity.delete_old_equity": Expected(
        call=lambda g: equity_sweep.delete_old_equity(now=g.now), rows=100
    ),
    "analytics.services.rollups.roll_up": Expected(
        call=_roll_up_an_hour, trades=40, rows=300, aggregates=True
    ),
    # All that there is, once, and then twenty thousand hours at a time.
    "analytics.services.rollups.rebuild": Expected(
        call=lambda g: rollups.rebuild(now=g.now),
        trades=40, rows=50_000, aggregates=True,
    ),
    "notifications.services.inbox.delete_old_notifications": Expected(
        call=lambda g: inbox_writes.delete_old_notifications(now=g.now), rows=11_000
    ),
    "smarttrader.jobs.services.invariants.check_invariants": Expected(
        call=lambda g: invariants.check_invariants(now=g.now, on_progress=_quietly),
        rows=0,
    ),
}
# fmt: on

# Functions of the same modules that reckon with what they are given, or begin a query.
ASK_NOTHING = {
    "analytics.queries.breakdowns.midnight",
    "analytics.queries.statements.with_checks",
    "bots.queries.account_of",
    "bots.queries.accounts_of",
    "bots.queries.license_in_use",
    "bots.queries.of_bot_in_turn",
    "bots.queries.of_each_bot",
    "analytics.queries.fleet.currencies",
    "analytics.queries.fleet.equity_now",
    "analytics.queries.fleet.kinds",
    "analytics.queries.equity.continued",
    "analytics.queries.equity.raised",
    "analytics.queries.performance.combined",
    "analytics.queries.performance.deepest_drawdown",
    "analytics.queries.performance.last_days",
    "analytics.queries.periods.composed",
    "notifications.queries.inbox.older_than",
}
