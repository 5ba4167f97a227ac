"""A bot's public page: how its owner sets it up, and what everybody sees."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from analytics import charts
from analytics.badges import badge_lines, fitted_title
from analytics.models import LONGEST_DELAY_HOURS, PublicFigure, PublicTrackRecord
from analytics.pages import public
from analytics.pages.parts import has_rested, user_of
from analytics.queries import periods
from analytics.queries import track_records as queries
from analytics.services import track_records
from bots.models import BotInstance
from smarttrader.lib import clock
from smarttrader.lib.text import clean_text
from smarttrader.lib.themes import theme_of

HOUR = timedelta(hours=1)
BADGE_SECONDS = 300
USUAL = [
    PublicFigure.CURVE,
    PublicFigure.WIN_RATE,
    PublicFigure.PROFIT_FACTOR,
    PublicFigure.MONTHS,
]


class TrackRecordForm(forms.Form):
    is_public = forms.BooleanField(
        required=False, label=gettext_lazy("Everybody who has the link sees the page")
    )
    title = forms.CharField(
        max_length=80,
        label=gettext_lazy("Title"),
        help_text=gettext_lazy(
            "The page tells neither your name nor the account, broker or bot."
        ),
    )
    figures = forms.MultipleChoiceField(
        choices=PublicFigure.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("What it shows"),
        help_text=gettext_lazy(
            "It always tells how many trades were closed and since when, whether the"
            " account is a live one, and whether a statement confirms it."
        ),
    )
    delay_hours = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_DELAY_HOURS,
        label=gettext_lazy("Hours until an open trade is shown"),
        help_text=gettext_lazy("So that nobody copies it: 24 is usual, 0 is at once."),
    )
    is_indexed = forms.BooleanField(
        required=False, label=gettext_lazy("Search engines may list it")
    )

    def clean_title(self) -> str:
        try:
            title = clean_text(self.cleaned_data["title"], 80)
        except ValueError as error:
            raise ValidationError(_("This is not a text.")) from error
        if not title:
            raise ValidationError(_("Nothing of this can be shown."))
        return title


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    bot = queries.track_record_of(user_of(request), pk)
    if bot is None:
        raise Http404
    if request.method == "POST" and "renew" in request.POST:
        return _renew(request, bot)
    record: PublicTrackRecord | None = getattr(bot, "track_record", None)
    form = TrackRecordForm(request.POST or None, initial=_initial(record))
    if request.method == "POST" and form.is_valid():
        track_records.save_track_record(bot=bot, now=clock.now(), **form.cleaned_data)
        messages.success(request, _("The public page is as you chose."))
        return redirect("track_record_edit", pk=bot.pk)
    context = {"bot": bot, "form": form, "record": record, **_links(record)}
    status = 400 if form.errors else 200
    return render(request, "analytics/track_record_edit.html", context, status=status)


@require_safe
@public.limited
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a track record to whoever has its link, the same to all of them."""
    record, verification = _public(slug)
    language, theme = translation.get_language(), theme_of(request)

    def drawn() -> HttpResponse:
        now = clock.now()
        told = queries.track_record(record, verification, now)
        context = {
            "told": told,
            "chart": _chart(told, now),
            "is_behind": periods.is_behind([record.bot_instance_id], now),
            "now": now,
            "badge_url": reverse("track_record_badge", args=[slug]),
        }
        return render(request, "analytics/track_record.html", context)

    shown = ("page", language, theme, verification)
    # Browsers ask each time whether it is still there, and still the same.
    response = public.kept(request, record, shown, drawn, cache_control="no-cache")
    if not record.is_indexed:
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@require_safe
@public.limited
def badge(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with a small picture for other sites, of what the owner chose to show."""
    record, verification = _public(slug)
    bot = record.bot_instance

    def drawn() -> HttpResponse:
        figures = queries.public_figures(record)
        # The site that shows it is its owner's, and so is the language.
        with translation.override(bot.user.language):
            context = {
                "title": record.title,
                "fitted_title": fitted_title(record.title),
                "lines": badge_lines(record, figures, verification),
                "is_verified_whole": verification and verification.is_of_all(figures),
            }
            return render(request, "analytics/badge.svg", context)

    response = public.kept(
        request,
        record,
        ("badge", bot.user.language, verification),
        drawn,
        cache_control=f"public, max-age={BADGE_SECONDS}",
        content_type="image/svg+xml",
    )
    response.headers["Content-Language"] = bot.user.language
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _public(slug: str) -> tuple[PublicTrackRecord, queries.Verification | None]:
    """Return what is public now, whatever is kept of it. Raises Http404."""
    record = queries.public_record(slug)
    if record is None:
        raise Http404
    return record, queries.verification_of(record.bot_instance)


def _renew(request: HttpRequest, bot: BotInstance) -> HttpResponse:
    if track_records.renew_link(bot=bot, now=clock.now()):
        messages.success(request, _("The page has a new link; the old one is dead."))
    return redirect("track_record_edit", pk=bot.pk)


def _initial(record: PublicTrackRecord | None) -> dict[str, Any]:
    if record is None:
        return {"title": _("Track record"), "figures": USUAL, "delay_hours": 24}
    return {
        name: getattr(record, name)
        for name in ("is_public", "title", "figures", "delay_hours", "is_indexed")
    }


def _links(record: PublicTrackRecord | None) -> dict[str, str]:
    if record is None:
        return {}
    page, picture = (
        settings.SITE_URL.rstrip("/") + reverse(name, args=[record.slug])
        for name in ("track_record", "track_record_badge")
    )
    return {"page_url": page, "badge_url": picture}


def _chart(told: queries.TrackRecord, now: datetime) -> charts.BalanceChart | None:
    if not told.curve:
        return None
    last = told.curve[-1].hour
    # To the end of an account that rested, as its owner sees it: not a line to today.
    end = last + HOUR if has_rested(last, now) else max(now, last + HOUR)
    return charts.balance_chart(
        told.curve, start=told.curve[0].hour - HOUR, end=end, zone=UTC
    )
