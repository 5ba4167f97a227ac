"""What a list of trades can be narrowed to."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from bots.models import BotInstance
from smarttrader.lib.localization import localized_date
from trading.models import Trade, TradeStatus, TradeType

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 1, 1)
WON, LOST = "won", "lost"
# What a table may show beside close, symbol, side and net.
COLUMNS = {
    "bot": gettext_lazy("Bot"),
    "ticket": gettext_lazy("Ticket"),
    "opened": gettext_lazy("Opened"),
    "held": gettext_lazy("Held"),
    "lots": gettext_lazy("Lots"),
    "entry": pgettext_lazy("price", "Open"),
    "exit": pgettext_lazy("price", "Close"),
    "stop": gettext_lazy("Stop loss"),
    "target": gettext_lazy("Take profit"),
    "profit": gettext_lazy("Profit"),
    "commission": gettext_lazy("Commission"),
    "swap": gettext_lazy("Swap"),
    "strategy": gettext_lazy("Strategy"),
    "magic": gettext_lazy("Magic number"),
    "comment": gettext_lazy("Comment"),
}
# Filters that pages link to; the form has no room for them until they are set.
SHOWN_IF_SET = ("day", "first_day", "last_day", "currency")
NET = F("profit") + F("commission") + F("swap")
DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def keep_result(rows: QuerySet[Trade], result: str) -> QuerySet[Trade]:
    """Keep what won, or what lost, costs included."""
    closed = rows.filter(status=TradeStatus.CLOSED).alias(net=NET)
    return closed.filter(net__gt=0) if result == WON else closed.filter(net__lt=0)


def _bots(request: Any) -> QuerySet[BotInstance]:
    return BotInstance.objects.filter(user=request.user).order_by("instance_name", "id")


def _midnight(day: date) -> datetime:
    """Return the start of a day in the reader's zone."""
    return datetime.combine(day, time.min, timezone.get_current_timezone())


def _in_words(field: forms.BoundField, value: Any) -> str:
    if isinstance(value, BotInstance):
        return value.instance_name
    if isinstance(value, date):
        return localized_date(value, "j M Y")
    return str(dict(getattr(field.field, "choices", ())).get(value, value))


def _within_reason(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(_("No trade closed on such a day."))


def _day_filter(method: str, label: Any) -> django_filters.DateFilter:
    return django_filters.DateFilter(
        method=method, label=label, widget=DAY_INPUT, validators=[_within_reason]
    )


class TradeForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        for begin, end in (("closed_from", "closed_to"), ("first_day", "last_day")):
            first, last = values.get(begin), values.get(end)
            if first and last and last < first:
                self.add_error(end, _("This day lies before the first one."))
        return values

    def clean_ticket(self) -> str:
        return self._without_nul("ticket")

    def clean_symbol(self) -> str:
        return self._without_nul("symbol")

    def clean_strategy(self) -> str:
        return self._without_nul("strategy")

    def clean_currency(self) -> str:
        return self._without_nul("currency")

    def _without_nul(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        if "\0" in text:
            raise ValidationError(_("This has characters that no value has."))
        return text


class TradeFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Check `is_valid()` first: with an invalid value `qs` would hold all rows.

    The days are whole days in the reader's zone, but `day`, `first_day` and `last_day`,
    which are UTC's. `bots` is whose trades are looked at, and `ticket` is left to the
    query, which finds it by its own index.
    """

    bot = django_filters.ModelChoiceFilter(
        queryset=_bots,
        method="leave",
        label=gettext_lazy("Bot"),
        empty_label=gettext_lazy("All bots"),
    )
    symbol = django_filters.CharFilter(
        lookup_expr="iexact",
        label=gettext_lazy("Symbol"),
        max_length=20,
        widget=forms.TextInput(attrs={"placeholder": "EURUSD", "autocomplete": "off"}),
    )
    side = django_filters.ChoiceFilter(
        field_name="trade_type",
        choices=TradeType.choices,
        label=gettext_lazy("Side"),
        empty_label=gettext_lazy("Buy and sell"),
    )
    strategy = django_filters.CharFilter(
        field_name="strategy_used",
        label=gettext_lazy("Strategy"),
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    status = django_filters.ChoiceFilter(
        choices=TradeStatus.choices,
        label=gettext_lazy("Status"),
        empty_label=gettext_lazy("Any status"),
    )
    result = django_filters.ChoiceFilter(
        choices=[(WON, gettext_lazy("Won")), (LOST, gettext_lazy("Lost"))],
        method="keep_result",
        label=gettext_lazy("Result"),
        empty_label=gettext_lazy("Won and lost"),
    )
    closed_from = _day_filter("keep_from", gettext_lazy("Closed from"))
    closed_to = _day_filter("keep_to", gettext_lazy("Closed to"))
    day = _day_filter("keep_day", gettext_lazy("Closed on (UTC)"))
    first_day = _day_filter("keep_first_day", gettext_lazy("Closed from (UTC)"))
    last_day = _day_filter("keep_last_day", gettext_lazy("Closed to (UTC)"))
    currency = django_filters.CharFilter(
        method="leave",
        label=gettext_lazy("Currency"),
        max_length=3,
        widget=forms.TextInput(attrs={"placeholder": "USD", "autocomplete": "off"}),
    )
    ticket = django_filters.CharFilter(
        method="leave",
        label=gettext_lazy("Ticket"),
        max_length=50,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    columns = django_filters.MultipleChoiceFilter(
        choices=list(COLUMNS.items()), method="leave", label=gettext_lazy("Columns")
    )

    class Meta:
        model = Trade
        fields: list[str] = []
        form = TradeForm

    @property
    def bots(self) -> list[BotInstance]:
        values = self.form.cleaned_data
        bots = [values["bot"]] if values["bot"] else list(_bots(self.request))
        currency = values["currency"].upper()
        return [bot for bot in bots if not currency or bot.account_currency == currency]

    @property
    def wanted_ticket(self) -> str:
        return str(self.form.cleaned_data["ticket"])

    @property
    def active(self) -> int:
        """Count the filters that are set."""
        return sum(
            value not in (None, "")
            for name, value in self.form.cleaned_data.items()
            if name != "columns"
        )

    @property
    def in_words(self) -> list[tuple[str, str]]:
        """Return label and value of each filter that is set, as people read them."""
        values = self.form.cleaned_data
        return [
            (str(field.label), _in_words(field, values[field.name]))
            for field in self.form
            if field.name != "columns" and values[field.name] not in (None, "")
        ]

    @property
    def chosen_columns(self) -> list[str]:
        """Return the columns that were chosen, in their order; none: the usual ones."""
        chosen = self.form.cleaned_data["columns"]
        return [name for name in COLUMNS if name in chosen]

    def leave(
        self, queryset: QuerySet[Trade], _name: str, _value: Any
    ) -> QuerySet[Trade]:
        return queryset

    def keep_result(
        self, queryset: QuerySet[Trade], _name: str, value: str
    ) -> QuerySet[Trade]:
        return keep_result(queryset, value)

    def keep_from(
        self, queryset: QuerySet[Trade], _name: str, value: date
    ) -> QuerySet[Trade]:
        return queryset.filter(closed_at__gte=_midnight(value))

    def keep_to(
        self, queryset: QuerySet[Trade], _name: str, value: date
    ) -> QuerySet[Trade]:
        end = _midnight(value + timedelta(days=1))
        # A trade opens before it closes: a bound on the partition key.
        return queryset.filter(closed_at__lt=end, opened_at__lt=end)

    def keep_day(
        self, queryset: QuerySet[Trade], _name: str, value: date
    ) -> QuerySet[Trade]:
        """Keep a day of UTC, as the metrics count days."""
        return self.keep_last_day(self.keep_first_day(queryset, "", value), "", value)

    def keep_first_day(
        self, queryset: QuerySet[Trade], _name: str, value: date
    ) -> QuerySet[Trade]:
        return queryset.filter(closed_at__gte=datetime.combine(value, time.min, UTC))

    def keep_last_day(
        self, queryset: QuerySet[Trade], _name: str, value: date
    ) -> QuerySet[Trade]:
        end = datetime.combine(value + timedelta(days=1), time.min, UTC)
        return queryset.filter(closed_at__lt=end, opened_at__lt=end)
