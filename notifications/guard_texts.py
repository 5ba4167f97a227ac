"""What a bot's owner is told of the risk guard."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.templatetags.ui import money, percent
from bots.models import GuardBreach, GuardKind, GuardOutcome
from smarttrader.lib.localization import localized_date


def title_of(breach: GuardBreach) -> str:
    names = {"name": breach.bot_instance.instance_name}
    if breach.outcome == GuardOutcome.PAUSED:
        return _("The risk guard paused %(name)s") % names
    return _("%(name)s has passed a limit") % names


def message_of(breach: GuardBreach) -> str:
    """Return what was passed, and what comes of it."""
    return f"{_passed(breach)} {_consequence(breach)}"


def _passed(breach: GuardBreach) -> str:
    figures = {
        "account": breach.bot_instance.mt4_account,
        "day": localized_date(breach.broker_day, "j M Y"),
    }
    if breach.kind == GuardKind.DAILY_LOSS:
        return _(
            "Account %(account)s lost %(figure)s on %(day)s, with what is floating;"
            " at most %(allowed)s are allowed."
        ) % {
            **figures,
            "figure": _amount(breach.figure, breach.currency),
            "allowed": _amount(breach.allowed, breach.currency),
        }
    if breach.kind == GuardKind.TRADES_PER_DAY:
        return ngettext(
            "Account %(account)s opened %(figure)d trade on %(day)s; at most"
            " %(allowed)d are allowed.",
            "Account %(account)s opened %(figure)d trades on %(day)s; at most"
            " %(allowed)d are allowed.",
            int(breach.figure),
        ) % {**figures, "figure": breach.figure, "allowed": breach.allowed}
    return _(
        "Account %(account)s fell %(figure)s below its highest equity on %(day)s; at"
        " most %(allowed)s are allowed."
    ) % {
        **figures,
        "figure": percent(breach.figure, 2),
        "allowed": percent(breach.allowed, 2),
    }


def _consequence(breach: GuardBreach) -> str:
    return {
        GuardOutcome.PAUSED: _(
            "It opens no new trades until the broker's next day, or until you lift it."
        ),
        GuardOutcome.RESTING: _("It rested already."),
        GuardOutcome.OFF: _("The guard is off, so it trades on."),
        GuardOutcome.OTHER_CURRENCY: _(
            "The limits were saved in another currency than the account's, so it"
            " trades on: save them again."
        ),
        GuardOutcome.NEVER_SAVED: _(
            "Nobody has saved its limits yet, so it trades on: save them, and the"
            " guard can pause it."
        ),
    }[GuardOutcome(breach.outcome)]


def _amount(figure: object, currency: str) -> str:
    return f"{money(str(figure), currency)} {currency}".strip()
