"""Import a statement, roll it up, and compare with what MetaTrader printed."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from accounts.models import User
from analytics.models import StatementCheck, VerifiedTrades
from analytics.services import rollups
from analytics.signals import statement_imported
from bots.models import BotInstance
from licensing.models import License
from smarttrader.jobs.partitions import write_to_partitions
from trading import queries as trading
from trading.models import StatementImport
from trading.services import statements, tickets
from trading.services.statements import Progress, StatementFile, StoredStatement
from trading.statements.summary import ClosedTrade, Figure, Summary, compare


@dataclass(frozen=True, slots=True)
class ImportedStatement:
    record: StatementImport
    figures: list[Figure]

    @property
    def mismatches(self) -> int:
        return sum(not figure.is_equal for figure in self.figures)

    @property
    def is_proof(self) -> bool:
        """Whether MetaTrader printed figures, and each of them is ours."""
        return bool(self.figures) and not self.mismatches


def import_statement(
    *,
    user: User,
    file: StatementFile,
    now: datetime,
    license: License | None = None,
    bot: BotInstance | None = None,
    utc_offset_minutes: int | None = None,
    on_progress: Progress | None = None,
) -> ImportedStatement:
    """Import a user's statement: check, store, roll up, compare.

    All or nothing, but for partitions that were missing. The figures are computed from
    the stored trades, so that they prove what was stored. Announces statement_imported.
    Raises what trading.services.statements raises.
    """
    read = statements.check_statement(file, on_progress)
    moments = statements.make_partitions(read=read, now=now)

    def store() -> ImportedStatement:
        target = statements.bot_for_statement(
            user=user,
            read=read,
            license=license,
            bot=bot,
            utc_offset_minutes=utc_offset_minutes,
        )
        stored = statements.store_statement(
            file=file,
            read=read,
            bot=target,
            utc_offset_minutes=utc_offset_minutes,
            now=now,
            on_progress=on_progress,
        )
        return _checked(stored, user=user, now=now)

    return write_to_partitions(moments, store, now=now)


def _checked(
    stored: StoredStatement, *, user: User, now: datetime
) -> ImportedStatement:
    """Roll up what was stored, compare it with what is printed, and announce both."""
    rollups.roll_up(now=now, only_bots=stored.bot_ids)
    figures = _compare(stored)
    imported = ImportedStatement(stored.record, figures)
    StatementCheck.objects.create(
        statement_import=stored.record,
        figures=[figure_as_json(figure) for figure in figures],
        mismatches=imported.mismatches,
    )
    if imported.is_proof:
        _note_proof(stored, now)
    statement_imported.send(
        sender=StatementImport,
        user=user,
        record=stored.record,
        mismatches=imported.mismatches,
        now=now,
    )
    return imported


def _note_proof(stored: StoredStatement, now: datetime) -> None:
    """Count the trades that this statement is the first to prove, by their bots.

    Whatever a bot says afterwards, and whatever a later statement leaves out, these
    stay proved: a closed trade keeps its figures.
    """
    proved = tickets.verify_tickets(
        bot_ids=stored.bot_ids, tickets=stored.read.closed_tickets, now=now
    )
    for bot_id, trades in sorted(proved.items()):
        verified, _is_new = VerifiedTrades.objects.get_or_create(
            bot_instance_id=bot_id, defaults={"trades": 0, "verified_at": now}
        )
        VerifiedTrades.objects.filter(pk=verified.pk).update(
            trades=F("trades") + trades, verified_at=now
        )


def figure_as_json(figure: Figure) -> dict[str, Any]:
    return {**asdict(figure), "equal": figure.is_equal}


def _compare(stored: StoredStatement) -> list[Figure]:
    read = stored.read
    return compare(read.totals, Summary(read.start_balance, _stored_trades(stored)))


def _stored_trades(stored: StoredStatement) -> Iterator[ClosedTrade]:
    trades = trading.closed_trades_in_order(stored.bot_ids, stored.read.closed_tickets)
    for net, is_short in trades:
        yield ClosedTrade(net, is_short)
