"""Names of bots, and instances that hold imported statements."""

from datetime import datetime

from django.db.models import F
from django.db.models.functions import Coalesce

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
    name = f"Statement {mt4_account}"
    BotInstance.objects.bulk_create(
        [
            BotInstance(
                user_id=license.user_id,
                license=license,
                instance_name=name,
                mt4_account=mt4_account,
                broker_name=broker_name,
                source=BotSource.STATEMENT,
                account_currency=account_currency,
                utc_offset_minutes=utc_offset_minutes,
            )
        ],
        ignore_conflicts=True,
    )
    return BotInstance.objects.alias(
        first_name=Coalesce("activated_as", "instance_name")
    ).get(
        license=license,
        mt4_account=mt4_account,
        first_name=name,
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


def rename(*, bot: BotInstance, name: str, now: datetime) -> None:
    """Give a bot another name to show.

    Its EA goes on to call it by the name that it activated with, or its next activation
    would open another instance.
    """
    BotInstance.objects.filter(pk=bot.pk).update(
        activated_as=Coalesce("activated_as", F("instance_name")),
        instance_name=name,
        updated_at=now,
    )
