"""What lower apps announce is told, within the transaction of its cause."""

from collections.abc import Sequence
from datetime import MAXYEAR, datetime
from decimal import Decimal
from typing import Any

from django.dispatch import Signal, receiver
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import AuthEvent, User
from accounts.signals import mail_wanted, new_sign_in
from accounts.templatetags.ui import money
from analytics.signals import statement_imported
from billing import signals as billing
from billing.models import Payment, Subscription
from bots.models import BotInstance, GuardBreach
from bots.services.logs import LogLine
from bots.signals import (
    bot_offline,
    bot_online,
    errors_logged,
    guard_disarmed,
    guard_lifted,
    guard_tripped,
)
from licensing.models import License
from licensing.signals import (
    license_expired,
    license_expiring_soon,
    license_reinstated,
    license_revoked,
    license_suspended,
)
from notifications import guard_texts
from notifications.models import Event
from notifications.services import news, outbox
from notifications.services.telling import Words, tell, tell_of_bot
from smarttrader.lib.actors import Actor, ActorType
from smarttrader.lib.localization import localized_date
from trading.models import StatementImport
from trading.services.trades import TradeReport
from trading.signals import trades_turned

# Both in the language of whoever is told.
_written = lazy(localized_date, str)
_money = lazy(money, str)


def _amount(amount: Decimal, currency: str) -> Words:
    return format_lazy("{} {}", _money(amount, currency), currency)


@receiver(mail_wanted)
def post_mail(
    recipient: str,
    subject: str,
    text: str,
    html: str,
    is_urgent: bool,  # noqa: FBT001 -- a signal names its arguments
    now: datetime,
    **_kwargs: Any,
) -> None:
    outbox.post_mail(
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        is_urgent=is_urgent,
        now=now,
    )


@receiver(bot_offline)
def tell_offline(bot: BotInstance, now: datetime, **_kwargs: Any) -> None:
    seen: Words = _("it was connected")
    if bot.last_heartbeat:
        seen = format_lazy("{} UTC", _written(bot.last_heartbeat, "j M Y H:i"))
    tell_of_bot(
        bot=bot,
        event=Event.BOT_OFFLINE,
        title=format_lazy(_("{bot} is offline"), bot=bot.instance_name),
        message=format_lazy(
            _("Account {account} has been silent since {seen}."),
            account=bot.mt4_account,
            seen=seen,
        ),
        now=now,
    )


@receiver(bot_online)
def tell_online(bot: BotInstance, now: datetime, **_kwargs: Any) -> None:
    tell_of_bot(
        bot=bot,
        event=Event.BOT_ONLINE,
        title=format_lazy(_("{bot} is online again"), bot=bot.instance_name),
        message=format_lazy(
            _("Account {account} reports again."), account=bot.mt4_account
        ),
        now=now,
    )


@receiver(trades_turned)
def note_trades(
    bot: BotInstance, reports: Sequence[TradeReport], now: datetime, **_kwargs: Any
) -> None:
    # The row that authenticated the call knows it: who does not care costs nothing.
    if bot.license.user.follows_trades:
        news.note_trades(bot=bot, reports=reports, now=now)


@receiver(errors_logged)
def note_errors(
    bot: BotInstance, lines: Sequence[LogLine], now: datetime, **_kwargs: Any
) -> None:
    news.note_errors(bot=bot, lines=lines, now=now)


@receiver(statement_imported)
def tell_imported(
    user: User, record: StatementImport, mismatches: int, now: datetime, **_kwargs: Any
) -> None:
    agreement: Words = _("All of its figures agree with ours.")
    if mismatches:
        agreement = format_lazy(
            _("Figures that do not agree with ours: {number}."), number=mismatches
        )
    tell(
        user=user,
        event=Event.STATEMENT_IMPORTED,
        title=_("A statement is imported"),
        message=format_lazy("{}: {}", record.file_name, agreement),
        now=now,
        metadata={"statement_id": str(record.pk)},
    )


@receiver(new_sign_in)
def tell_sign_in(user: User, event: AuthEvent, now: datetime, **_kwargs: Any) -> None:
    tell(
        user=user,
        event=Event.NEW_SIGN_IN,
        title=_("Somebody signed in from a new place"),
        message=format_lazy(
            _(
                "At {moment} UTC from {address}, with {program}. If that was not you,"
                " change your password: that ends every session."
            ),
            moment=_written(now, "j M Y H:i"),
            address=event.ip or "?",
            program=event.user_agent or "?",
        ),
        now=now,
        metadata={"sign_in_id": str(event.pk), "ip": event.ip},
    )


@receiver(guard_tripped)
def tell_tripped(
    bot: BotInstance, breach: GuardBreach, now: datetime, **_kwargs: Any
) -> None:
    tell_of_bot(
        bot=bot,
        event=Event.DAILY_LOSS,
        title=lazy(guard_texts.title_of, str)(breach),
        message=lazy(guard_texts.message_of, str)(breach),
        now=now,
    )


@receiver(guard_lifted)
def tell_lifted(
    bot: BotInstance,
    actor: Actor,
    is_resumed: bool,  # noqa: FBT001 -- a signal names its arguments
    now: datetime,
    **_kwargs: Any,
) -> None:
    if actor.type == ActorType.USER:
        return  # its owner did it
    said = (
        _("Account {account} was told to trade on.")
        if is_resumed
        else _("Account {account} rests on, as it was told by other hands.")
    )
    tell_of_bot(
        bot=bot,
        event=Event.DAILY_LOSS,
        title=format_lazy(
            _("The risk guard let {bot} go again"), bot=bot.instance_name
        ),
        message=format_lazy(said, account=bot.mt4_account),
        now=now,
    )


@receiver(guard_disarmed)
def tell_disarmed(
    bot: BotInstance, limits_currency: str, now: datetime, **_kwargs: Any
) -> None:
    tell_of_bot(
        bot=bot,
        event=Event.DAILY_LOSS,
        title=format_lazy(_("The risk guard of {bot} rests"), bot=bot.instance_name),
        message=format_lazy(
            _(
                "Account {account} has another currency than {currency}, in which its"
                " limits were saved. Save them again."
            ),
            account=bot.mt4_account,
            currency=limits_currency,
        ),
        now=now,
    )


@receiver(license_expiring_soon)
def tell_expiring_soon(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_EXPIRING,
        _("A license ends soon"),
        _("{license} ends on {date}."),
    )


@receiver(license_expired)
def tell_expired(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_EXPIRED,
        _("A license has expired"),
        _("{license}: bots manage what is open, and open nothing new."),
    )


@receiver(license_suspended)
def tell_suspended(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_SUSPENDED,
        _("A license is suspended"),
        _("{license}: bots manage what is open, and open nothing new."),
    )


@receiver(license_reinstated)
def tell_reinstated(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_REINSTATED,
        _("A license works again"),
        _("{license} is reinstated."),
    )


@receiver(license_revoked)
def tell_revoked(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_REVOKED,
        _("A license was revoked"),
        _("{license} is no longer good."),
    )


def _tell_of_license(
    license: License, now: datetime, event: Event, title: Words, message: Words
) -> None:
    tell(
        user=license.user,
        event=event,
        title=title,
        message=format_lazy(
            message,
            license=license.masked_key,
            date=_written(license.expires_at, "j M Y") if license.expires_at else "",
        ),
        now=now,
        metadata={"license_id": str(license.pk)},
    )


def _announces(signal: Signal, event: Event, title: Words, message: Words) -> None:
    """Let a signal of billing be told of; `message` may name what `_facts` holds."""

    def tell_of_subscription(
        subscription: Subscription, now: datetime, **more: Any
    ) -> None:
        facts = _facts(subscription, more.get("payment"), more.get("day"))
        tell(
            user=subscription.user,
            event=event,
            title=title,
            message=format_lazy(message, **facts),
            now=now,
            metadata={"subscription_id": str(subscription.pk)},
        )

    signal.connect(tell_of_subscription, weak=False, dispatch_uid=event.value)


def _facts(
    subscription: Subscription, payment: Payment | None, day: int | None
) -> dict[str, Any]:
    end = subscription.current_period_end
    facts = {
        "plan": subscription.get_plan_type_display(),
        "next_plan": subscription.get_next_plan_type_display() or "",
        "cycle": subscription.get_billing_cycle_display(),
        "next_cycle": subscription.get_next_billing_cycle_display() or "",
        "amount": _amount(subscription.amount, subscription.currency),
        "end": _("for ever") if end.year == MAXYEAR else _written(end, "j M Y"),
        "day": day,
    }
    if payment is not None:
        facts["amount"] = _amount(payment.amount, payment.currency)
        facts["refunded"] = _amount(payment.refunded_amount, payment.currency)
        facts["dispute"] = payment.get_dispute_display()
    return facts


_announces(
    billing.subscription_started,
    Event.SUBSCRIPTION_STARTED,
    _("Your subscription begins"),
    _("{plan}, {amount}. Paid until: {end}."),
)
_announces(
    billing.subscription_renewed,
    Event.SUBSCRIPTION_RENEWED,
    _("Your subscription is renewed"),
    _("{plan}, {amount}. Paid until: {end}."),
)
_announces(
    billing.subscription_upgraded,
    Event.SUBSCRIPTION_UPGRADED,
    _("Your plan is upgraded"),
    _("{plan} from now on; {amount} were paid."),
)
_announces(
    billing.downgrade_scheduled,
    Event.DOWNGRADE_SCHEDULED,
    _("A smaller plan is scheduled"),
    _("{next_plan} follows {plan} on {end}."),
)
_announces(
    billing.subscription_downgraded,
    Event.SUBSCRIPTION_DOWNGRADED,
    _("Your smaller plan begins"),
    _("{plan} from now on, for {amount}."),
)
_announces(
    billing.cycle_change_scheduled,
    Event.DOWNGRADE_SCHEDULED,
    _("Another cycle is scheduled"),
    _("{plan}: after {end} it is paid {next_cycle}."),
)
_announces(
    billing.cycle_changed,
    Event.SUBSCRIPTION_RENEWED,
    _("Your subscription is paid otherwise"),
    _("{plan}, {cycle} from now on, {amount}. Paid until: {end}."),
)
_announces(
    billing.payment_failed,
    Event.PAYMENT_FAILED,
    _("A payment failed"),
    _("{amount} for {plan} could not be collected. Check your way of paying."),
)
_announces(
    billing.payment_overdue,
    Event.PAYMENT_OVERDUE,
    _("A payment is overdue"),
    _("{amount} for {plan}, due for days: {day}. Without it your license is held."),
)
_announces(
    billing.subscription_suspended,
    Event.SUBSCRIPTION_SUSPENDED,
    _("Your subscription is suspended"),
    _("{amount} for {plan} did not come. Bots manage what is open, and open no more."),
)
_announces(
    billing.subscription_expired,
    Event.SUBSCRIPTION_EXPIRED,
    _("Your subscription has expired"),
    _("{plan} ended. A payment brings it back."),
)
_announces(
    billing.subscription_cancelled,
    Event.SUBSCRIPTION_CANCELLED,
    _("Your subscription is canceled"),
    _("{plan} will not be renewed. Paid until: {end}."),
)
_announces(
    billing.cancellation_undone,
    Event.CANCELLATION_UNDONE,
    _("Your subscription goes on"),
    _("{plan} will be renewed. Paid until: {end}."),
)
_announces(
    billing.payment_refunded,
    Event.PAYMENT_REFUNDED,
    _("A payment is refunded"),
    _("{refunded} of {amount} for {plan} were sent back."),
)
_announces(
    billing.payment_disputed,
    Event.PAYMENT_DISPUTED,
    _("A payment is disputed"),
    _("{amount} for {plan}: {dispute}."),
)
