"""Instances that hold imported statements."""

from bots.models import BotInstance, BotSource
from licensing.models import License


def statement_instance(
    *,
    license: License,
    mt4_account: str,
    broker_name: str,
    account_currency: str,
    utc_offset_minutes: int,
) -> BotInstance:
    """Return the license's instance that holds the statements of an account.

    Creates it unless another session was faster. It takes no activation slot; a later
    activation of the account takes it over.
    """
    BotInstance.objects.bulk_create(
        [
            BotInstance(
                user_id=license.user_id,
                license=license,
                instance_name=f"Statement {mt4_account}",
                mt4_account=mt4_account,
                broker_name=broker_name,
                source=BotSource.STATEMENT,
                account_currency=account_currency,
                utc_offset_minutes=utc_offset_minutes,
            )
        ],
        ignore_conflicts=True,
    )
    return BotInstance.objects.get(
        license=license,
        mt4_account=mt4_account,
        instance_name=f"Statement {mt4_account}",
        broker_server__isnull=True,
    )


def note_statement(
    *, bot: BotInstance, currency: str, utc_offset_minutes: int | None
) -> BotInstance:
    """Remember what a statement tells of an account; return the bot as it is now.

    The broker's offset is taken for an instance that no EA reports to.
    """
    is_offset_new = utc_offset_minutes is not None and bot.source == BotSource.STATEMENT
    BotInstance.objects.filter(pk=bot.pk, account_currency="").update(
        account_currency=currency
    )
    if is_offset_new:
        BotInstance.objects.filter(pk=bot.pk).update(
            utc_offset_minutes=utc_offset_minutes
        )
    bot.refresh_from_db()
    return bot
