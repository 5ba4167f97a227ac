"""Statements: checked as a whole, then stored as a whole or not at all."""

import hashlib
import itertools
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from django.conf import settings
from django.db import OperationalError, connection, reset_queries, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable

from accounts.models import User
from bots.models import BotInstance, BotSource
from bots.services import instances
from licensing import queries as licensing
from licensing.models import License
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    TRADES,
    PartitionedTable,
    create_partitions_for,
)
from smarttrader.lib.errors import DomainError
from smarttrader.lib.text import clean_text
from trading.models import StatementImport, TradeTicket
from trading.services.statement_reports import CLOCK_TOLERANCE, reports_of
from trading.services.trades import RecordedTrades, TradeReport, write_trades
from trading.statements.decoding import detect_encoding
from trading.statements.reader import StatementReader, StatementUnreadable
from trading.statements.summary import Figure
from trading.statements.verification import ReadStatement, read_statement

ROWS_PER_BATCH = 1000
CHUNK_BYTES = 1024 * 1024
BIGGEST_OFFSET = timedelta(hours=14)


class NoLicense(DomainError):
    code = "NO_LICENSE"
    title = _("A statement belongs to a license, and you have none")


class StatementTooLarge(DomainError):
    code = "TOO_LARGE"
    title = _("The file is too large for a statement")
    kind = "invalid"


class AccountMismatch(DomainError):
    code = "ACCOUNT_MISMATCH"
    title = _("The statement is of another account than the bot")
    kind = "conflict"


class CurrencyMismatch(DomainError):
    code = "CURRENCY_MISMATCH"
    title = _("The statement is in another currency than the bot's account")
    kind = "conflict"


class ImportRunning(DomainError):
    code = "IMPORT_RUNNING"
    title = _("Another statement of this account is being imported: try again soon")
    kind = "conflict"


class StatementDisagrees(DomainError):
    code = "STATEMENT_DISAGREES"
    title = _("The statement's rows do not add up to its own totals")
    kind = "invalid"

    def __init__(self, figures: list[Figure]) -> None:
        self.figures = figures
        named = "; ".join(
            f"{figure.name}: printed {figure.printed or 'nothing'}, the rows give"
            f" {figure.ours or 'nothing'}"
            for figure in figures
        )
        super().__init__(f"{self.title}. {named}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFile:
    """A file as it came: `content` can be read again from its start."""

    content: BinaryIO
    name: str
    encoding: str | None = None  # None: find out

    @property
    def size(self) -> int:
        self.content.seek(0, 2)
        size = self.content.tell()
        self.content.seek(0)
        return size


@dataclass(slots=True)
class StoredStatement:
    record: StatementImport
    read: ReadStatement
    bot_ids: set[uuid.UUID] = field(default_factory=set)  # whose trades were touched


Progress = Callable[[str, int], None]


def check_statement(
    file: StatementFile, on_progress: Progress | None = None
) -> ReadStatement:
    """Read a statement and refuse it unless its rows add up to its own totals.

    Raises StatementTooLarge, StatementDisagrees, and what the reader raises.
    """
    limit = settings.STATEMENT_MAX_BYTES
    if file.size > limit:
        raise StatementTooLarge(
            _("a statement has at most %(limit)s MB") % {"limit": limit // 1024**2}
        )
    read = read_statement(
        file.content, _encoding(file), _progress_of("checked", on_progress)
    )
    if read.disagreeing:
        raise StatementDisagrees(read.disagreeing)
    return read


def make_partitions(
    *, read: ReadStatement, now: datetime
) -> dict[PartitionedTable, set[datetime]]:
    """Make the partitions that a statement's trades need, in short transactions.

    Within the import's own transaction they would lock out all heartbeats to its end.
    Returns the moments that they are for.
    Raises OutsidePartitions for trades opened before the year 2000, and
    StatementUnreadable for those of the future, which would leave a partition each.
    """
    latest = (now + CLOCK_TOLERANCE + BIGGEST_OFFSET).astimezone(UTC)
    if read.opened_on and max(read.opened_on) > latest.replace(tzinfo=None):
        raise StatementUnreadable(
            _("a trade of %(opened_on)s")
            % {"opened_on": f"{max(read.opened_on):%Y-%m-%d}"}
        )
    # A day to each side covers every offset that a broker's clock may have.
    moments = {
        day.replace(tzinfo=UTC) + timedelta(days=shift)
        for day in read.opened_on
        for shift in (-1, 0, 1)
    }
    # A trade that is told otherwise than an EA told it leaves a warning.
    needed = {TRADES: moments, BOT_LOGS: {now}}
    for table, keys in needed.items():
        create_partitions_for(table, keys, now=now)
    return needed


def store_statement(
    *,
    file: StatementFile,
    read: ReadStatement,
    bot: BotInstance,
    utc_offset_minutes: int | None,
    now: datetime,
    on_progress: Progress | None = None,
) -> StoredStatement:
    """Record the trades of a checked statement for a bot, all of them or none.

    A ticket that another bot of the same user and account holds is updated there. Times
    are read by the given offset, else by the bot's.
    """
    siblings = _siblings(bot)
    file.content.seek(0)
    reader = StatementReader(
        file.content, _encoding(file), _progress_of("stored", on_progress)
    )
    if utc_offset_minutes is None:
        utc_offset_minutes = bot.utc_offset_minutes
    offset = timedelta(minutes=utc_offset_minutes)
    reports = reports_of(reader, read.continued_from, offset, now)
    recorded, touched = RecordedTrades(), set[uuid.UUID]()
    with transaction.atomic():
        for batch in _batches(reports):
            for holder, part in _by_holder(batch, bot, siblings).items():
                written = write_trades(bot=siblings[holder], reports=part, now=now)
                # Which trades turned is news of an EA alone: of a file they are all.
                recorded += replace(written, turned=())
                touched.add(holder)
            reset_queries()  # with DEBUG, Django keeps each: some 300 kB for a batch
        record = _remember(file, read, bot, recorded)
    return StoredStatement(record, read, touched)


def bot_for_statement(
    *,
    user: User,
    read: ReadStatement,
    license: License | None,
    bot: BotInstance | None,
    utc_offset_minutes: int | None,
) -> BotInstance:
    """Return the bot instance that a statement's trades belong to.

    The one that is named, else the only one of the account, else the one that holds
    imported statements, made when there is none. Remembers the account's currency, and
    the broker's offset for an instance that no EA reports to. Locks out other imports
    of the account to the end of the transaction. Raises NoLicense, AccountMismatch,
    CurrencyMismatch and ImportRunning.
    """
    header = read.header
    _lock_account(user, header.account)
    known = list(BotInstance.objects.of_account(user, header.account).order_by("id"))
    if bot is not None and bot.mt4_account != header.account:
        raise AccountMismatch(
            _("%(bot)s runs on account %(own)s, the statement is of %(other)s")
            % {"bot": bot, "own": bot.mt4_account, "other": header.account}
        )
    if bot is None:
        imported = [each for each in known if each.source == BotSource.STATEMENT]
        bot = next(iter(known if len(known) == 1 else imported), None)
    if bot is None:
        license = license or licensing.newest_license(user)
        if license is None:
            raise NoLicense
        bot = instances.statement_instance(
            license=license,
            mt4_account=header.account,
            broker_name=header.broker,
            account_currency=header.currency,
            utc_offset_minutes=utc_offset_minutes or 0,
        )
    if bot.account_currency not in ("", header.currency):
        raise CurrencyMismatch(
            _("%(bot)s runs in %(account_currency)s, the statement is in %(currency)s")
            % {
                "bot": bot,
                "account_currency": bot.account_currency,
                "currency": header.currency,
            }
        )
    return instances.note_statement(
        bot=bot, currency=header.currency, utc_offset_minutes=utc_offset_minutes
    )


def _lock_account(user: User, account: str) -> None:
    """Let one import of an account run at a time: batches of two would deadlock."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext('statement'), hashtext(%s))",
                [f"{user.pk} {account}"],
            )
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise ImportRunning from error
        raise


def _encoding(file: StatementFile) -> str:
    file.content.seek(0)
    return file.encoding or detect_encoding(file.content)


def _progress_of(
    step: str, on_progress: Progress | None
) -> Callable[[int], None] | None:
    if on_progress is None:
        return None
    return lambda bytes_read: on_progress(step, bytes_read)


def _siblings(bot: BotInstance) -> dict[uuid.UUID, BotInstance]:
    account = BotInstance.objects.of_account(bot.user, bot.mt4_account)
    return {each.pk: each for each in account} | {bot.pk: bot}


def _by_holder(
    reports: list[TradeReport],
    bot: BotInstance,
    siblings: dict[uuid.UUID, BotInstance],
) -> dict[uuid.UUID, list[TradeReport]]:
    held = dict(
        TradeTicket.objects.filter(
            bot_instance__in=[pk for pk in siblings if pk != bot.pk],
            ticket_number__in=[report.ticket_number for report in reports],
        ).values_list("ticket_number", "bot_instance_id")
    )
    parts: dict[uuid.UUID, list[TradeReport]] = defaultdict(list)
    for report in reports:
        parts[held.get(report.ticket_number, bot.pk)].append(report)
    return parts


def _batches(reports: Iterable[TradeReport]) -> Iterator[list[TradeReport]]:
    iterator = iter(reports)
    while batch := list(itertools.islice(iterator, ROWS_PER_BATCH)):
        yield batch


def _clean_name(name: str) -> str:
    try:
        return clean_text(name)
    except ValueError:  # a name that was made to attack is no reason to refuse a file
        return "statement"


def _sha256(content: BinaryIO) -> str:
    digest = hashlib.sha256()
    content.seek(0)
    while chunk := content.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _remember(
    file: StatementFile,
    read: ReadStatement,
    bot: BotInstance,
    recorded: RecordedTrades,
) -> StatementImport:
    return StatementImport.objects.create(
        user_id=bot.user_id,
        bot_instance=bot,
        file_name=_clean_name(file.name),
        sha256=_sha256(file.content),
        mt4_account=read.header.account,
        currency=read.header.currency,
        printed_at=clean_text(read.header.printed_at, 40),
        trades=len(read.closed_tickets),
        open_trades=read.open_count,
        cancelled_orders=read.cancelled_count,
        created_rows=recorded.created,
        updated_rows=recorded.updated,
        unchanged_rows=recorded.unchanged,
    )
