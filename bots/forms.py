"""A bot's settings as people write them: one form, and rows of sessions, strategies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.forms import NameField
from accounts.templatetags.ui import digits
from bots import settings_schema as limits
from bots.models import BotInstance, BotSettings

EMPTY_ROWS = 1
DAYS = {
    "1": _("Mon"),
    "2": _("Tue"),
    "3": _("Wed"),
    "4": _("Thu"),
    "5": _("Fri"),
    "6": _("Sat"),
    "7": _("Sun"),
}
TIME_INPUT = {"inputmode": "numeric", "maxlength": 5, "placeholder": "HH:MM"}


class PairsField(forms.CharField):
    """Symbols of a broker, divided by spaces, commas or lines; each once."""

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        pairs = list(
            dict.fromkeys(re.split(r"[\s,;]+", super().to_python(value) or ""))
        )
        found = [pair for pair in pairs if pair]
        for pair in found:
            if not re.fullmatch(limits.PAIR, pair):
                raise ValidationError(
                    _("“%(pair)s” is no symbol: 20 characters at most, no accents."),
                    params={"pair": pair[:50]},
                )
        if len(found) > limits.MOST_PAIRS:
            raise ValidationError(
                _("These are more than %(most)d pairs."),
                params={"most": limits.MOST_PAIRS},
            )
        return found

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class SettingsForm(forms.Form):
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    auto_trade = forms.BooleanField(
        label=_("Trade by itself"),
        help_text=_("Off: it opens nothing, and goes on with what is open."),
        required=False,
    )
    risk_percentage = forms.DecimalField(
        label=_("Risk per trade, in percent"),
        help_text=_("Of the balance, lost when the stop loss is hit. 0.1 to 10."),
        min_value=limits.SMALLEST_RISK,
        max_value=limits.LARGEST_RISK,
        max_digits=5,
        decimal_places=2,
    )
    max_daily_loss = forms.DecimalField(
        label=_("Loss of a day, at most"),
        help_text=_("In the account's currency, with what is floating."),
        min_value=0,
        max_value=limits.LARGEST_AMOUNT,
        max_digits=10,
        decimal_places=2,
    )
    max_trades_per_day = forms.IntegerField(
        label=_("Trades a day, at most"),
        help_text=_("Counted from the opening; 0 opens none."),
        min_value=0,
        max_value=limits.MOST_TRADES,
    )
    max_drawdown_percentage = forms.DecimalField(
        label=_("Drawdown, at most, in percent"),
        help_text=_("Below the highest equity since you saved it. Empty: no limit."),
        min_value=limits.SMALLEST_DRAWDOWN,
        max_value=limits.LARGEST_DRAWDOWN,
        max_digits=5,
        decimal_places=2,
        required=False,
    )
    guard_enabled = forms.BooleanField(
        label=_("Pause the bot when it passes a limit"),
        help_text=_(
            "Until the broker's next day, or until you lift it. Off: you are only told."
        ),
        required=False,
    )
    # As the page showed it: limits are money of that currency.
    limits_currency = forms.CharField(
        max_length=3, required=False, widget=forms.HiddenInput
    )
    stop_loss_pips = forms.IntegerField(
        label=_("Stop loss, in pips"),
        help_text=_("How far from its opening price a trade is given up; 0: none."),
        min_value=0,
        max_value=limits.MOST_PIPS,
    )
    take_profit_pips = forms.IntegerField(
        label=_("Take profit, in pips"),
        help_text=_("How far from its opening price a gain is taken; 0: none."),
        min_value=0,
        max_value=limits.MOST_PIPS,
    )
    trailing_stop = forms.BooleanField(
        label=_("Trailing stop"),
        help_text=_("The stop loss follows a price that moves the trade's way."),
        required=False,
    )
    notifications_enabled = forms.BooleanField(
        label=_("Notify me about this bot"),
        help_text=_("When it goes offline or comes back."),
        required=False,
    )
    trading_pairs = PairsField(
        label=_("Pairs"),
        help_text=_("Written as your broker does, one a line. Empty: every pair."),
        required=False,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
    )


class SessionForm(forms.Form):
    """When the bot may open trades, in UTC; it may end after midnight."""

    name = NameField(label=_("Name"), max_length=limits.LONGEST_NAME)
    start = forms.RegexField(
        limits.START,
        label=_("From"),
        widget=forms.TextInput(TIME_INPUT),
        error_messages={"invalid": _("A time such as 08:30.")},
    )
    end = forms.RegexField(
        limits.END,
        label=_("To"),
        widget=forms.TextInput(TIME_INPUT),
        error_messages={"invalid": _("A time such as 16:30, or 24:00.")},
    )
    days = forms.MultipleChoiceField(
        label=_("Days"),
        choices=list(DAYS.items()),
        widget=forms.CheckboxSelectMultiple,
    )

    def value(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        days = "".join(sorted(cleaned["days"]))
        return {
            **{name: cleaned[name] for name in ("name", "start", "end")},
            "days": days,
        }


class StrategyForm(forms.Form):
    """A strategy of the EA, by the name that the EA gives it."""

    name = NameField(label=_("Name"), max_length=limits.LONGEST_NAME)
    enabled = forms.BooleanField(label=_("On"), required=False)

    def value(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "enabled")}


class BaseRows(forms.BaseFormSet[Any]):
    """Rows of which no two have one name; an empty one is none."""

    def clean(self) -> None:
        names = [value["name"] for value in self.values()]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValidationError(
                _("“%(name)s” stands here twice."), params={"name": twice}
            )

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = _("Remove")

    def values(self) -> list[dict[str, Any]]:
        """Return the rows that were filled in and are valid."""
        return [
            form.value()
            for form in self.forms
            if form.has_changed() and form.is_valid()
            if not form.cleaned_data.get("DELETE")
        ]


SessionRows: Any = forms.formset_factory(
    SessionForm,
    formset=BaseRows,
    extra=EMPTY_ROWS,
    max_num=limits.MOST_SESSIONS,
    absolute_max=limits.MOST_SESSIONS + EMPTY_ROWS,
    validate_max=True,
    can_delete=True,
)
StrategyRows: Any = forms.formset_factory(
    StrategyForm,
    formset=BaseRows,
    extra=EMPTY_ROWS,
    max_num=limits.MOST_STRATEGIES,
    absolute_max=limits.MOST_STRATEGIES + EMPTY_ROWS,
    validate_max=True,
    can_delete=True,
)


class WholeSettings:
    """The form and its rows, filled with settings, or with what was sent."""

    def __init__(
        self, settings: BotSettings, *, version: int, sent: QueryDict | None = None
    ) -> None:
        values = {name: getattr(settings, name) for name in limits.CHECKS}
        currency = settings.bot_instance.account_currency
        shown = {"version": version, "limits_currency": currency}
        self.form = SettingsForm(sent, initial={**values, **shown})
        # Without a currency the limits cannot be meant in one.
        self.form.fields["guard_enabled"].disabled = not (
            currency or settings.guard_enabled
        )
        sessions = [
            {**session, "days": list(session["days"])}
            for session in settings.trading_sessions
        ]
        strategies = settings.strategies_enabled
        if sent is not None:
            # Rows are told by their place, and what is stored may have others by now.
            sessions, strategies = [], []
        self.sessions = SessionRows(sent, prefix="sessions", initial=sessions)
        self.strategies = StrategyRows(sent, prefix="strategies", initial=strategies)

    def is_valid(self) -> bool:
        parts = (self.form, self.sessions, self.strategies)
        return all([part.is_valid() for part in parts])  # noqa: C419 -- asks each

    @property
    def version_seen(self) -> int:
        version: int = self.form.cleaned_data["version"]
        return version

    def changes(self) -> dict[str, Any]:
        """Return all settings, as the service takes them."""
        values = {**self.form.cleaned_data}
        del values["version"]
        if not values["limits_currency"]:
            del values["limits_currency"]
        return {
            **values,
            "trading_sessions": self.sessions.values(),
            "strategies_enabled": self.strategies.values(),
        }


@dataclass(frozen=True)
class Difference:
    """A setting that would change, as people read it."""

    label: str
    stored: str
    wanted: str


def differences(settings: BotSettings, changes: Mapping[str, Any]) -> list[Difference]:
    """Return what saving these changes would replace."""
    labels = {
        **{name: field.label for name, field in SettingsForm.base_fields.items()},
        "trading_sessions": _("Sessions"),
        "strategies_enabled": _("Strategies"),
    }
    stored = {name: getattr(settings, name) for name in changes}
    return [
        Difference(str(labels[name]), _written(stored[name]), _written(wanted))
        for name, wanted in changes.items()
        if stored[name] != wanted
    ]


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_written, value)) or "\N{EM DASH}"
    if isinstance(value, dict):
        return " ".join(map(_written, value.values()))
    if isinstance(value, bool):
        return str(_("on") if value else _("off"))
    return "\N{EM DASH}" if value is None else str(value)


# A day's loss of less than a thousandth of the balance is one of another currency, or a
# slip; without a balance one that is no money in a currency without cents.
SMALL_SHARE, SMALL_WITHOUT_CENTS = Decimal("0.001"), 1000


def is_implausible(limit: Decimal, bot: BotInstance) -> bool:
    """Tell whether a day's loss is one that nobody is likely to mean."""
    if bot.balance is not None and bot.balance > 0:
        return not bot.balance * SMALL_SHARE <= limit <= bot.balance
    return limit == 0 or (
        limit < SMALL_WITHOUT_CENTS and digits(bot.account_currency) == 0
    )
