"""The risk guard's sweep: it judges the running day of each bot that is heard."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import DatabaseError

from analytics import drawdowns
from analytics.drawdowns import Peak
from analytics.queries import guard as queries
from analytics.queries.guard import Known, Look
from bots.models import GuardKind, GuardPeak
from bots.services import guard, guard_peaks
from bots.services.guard import Finding
from smarttrader.lib.money import rounded

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drawdown:
    percent: Decimal
    allowed: Decimal
    peak: Peak  # from where it is measured at the next look

    @property
    def is_passed(self) -> bool:
        return self.percent > self.allowed


def sweep(*, now: datetime) -> int:
    """Pause the bots that passed a limit, let go those with a new day; count both.

    A constant number of statements, and a transaction for each bot that is paused or
    let go. Any number of sweeps may run at once. docs/risk-guard.md has the rules.
    """
    found = queries.looks(now=now)
    known = queries.known_breaches(found)
    tripped = 0
    peaks: list[GuardPeak] = []
    for look in found:
        drawdown = _drawdown(look, now)
        findings = [
            each for each in _findings(look, drawdown) if _key(each) not in known
        ]
        try:
            done = sum([guard.trip(finding=each, now=now) for each in findings])
        except DatabaseError:
            logger.exception("the guard could not hold bot %s", look.of.bot.pk)
            continue
        tripped += done
        # What another sweep did, or the next one has to do, is not ours to measure.
        if drawdown and done == len(findings):
            peaks.append(_kept(look, drawdown.peak))
    guard_peaks.keep_peaks(peaks=peaks)
    # Only now: who is beyond a limit on the new day, too, is not told to resume.
    return tripped + guard.lift_over(now=now)


def _findings(look: Look, drawdown: Drawdown | None) -> Iterator[Finding]:
    """Yield the limits that a bot has passed."""
    settings = look.of.bot.settings
    if look.loss > settings.max_daily_loss:
        yield _finding(look, GuardKind.DAILY_LOSS, look.loss, settings.max_daily_loss)
    if look.opened_trades > settings.max_trades_per_day:
        yield _finding(
            look,
            GuardKind.TRADES_PER_DAY,
            Decimal(look.opened_trades),
            Decimal(settings.max_trades_per_day),
        )
    if drawdown and drawdown.is_passed:
        figure = rounded(drawdown.percent)
        yield _finding(look, GuardKind.DRAWDOWN, figure, drawdown.allowed)


def _drawdown(look: Look, now: datetime) -> Drawdown | None:
    """Measure the drawdown of a bot that has a limit; once passed it begins anew."""
    allowed = look.of.bot.settings.max_drawdown_percentage
    if allowed is None or look.account is None:
        return None
    percent, peak = drawdowns.measured(look.of.peak, look.account, now)
    if percent > allowed:
        peak = drawdowns.first_peak(look.account)
    return Drawdown(percent, allowed, peak)


def _finding(look: Look, kind: GuardKind, figure: Decimal, allowed: Decimal) -> Finding:
    return Finding(look.of.bot, kind, look.of.day, figure, allowed)


def _key(finding: Finding) -> Known:
    return finding.bot.pk, finding.kind, finding.broker_day


def _kept(look: Look, peak: Peak) -> GuardPeak:
    stored = getattr(look.of.bot, "guard_peak", None)
    return GuardPeak(
        bot_instance=look.of.bot,
        peak=peak.value,
        balance=peak.balance,
        closed_since=peak.closed_since,
        closed_net=peak.closed_net,
        doubted_at=peak.doubted_at,
        version=stored.version + 1 if stored else 1,
    )
