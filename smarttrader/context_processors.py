"""What every page needs to draw its frame: the theme and the navigation.

The navigation is handed over as functions that a template calls, so that a fragment, an
e-mail or an error page, which draw no frame, never load the user.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from smarttrader.lib.themes import theme_of


@dataclass(frozen=True)
class Page:
    label: str | Promise
    icon: str
    href: str
    is_current: bool
    has_count: bool = False


@dataclass(frozen=True)
class Group:
    title: str | Promise
    pages: list[Page]


def look(request: HttpRequest) -> dict[str, Any]:
    """Return the theme that the visitor chose, if any, and both navigations."""
    return {
        "theme": theme_of(request),
        "navigation": lambda: _navigation(request),
        "settings_navigation": lambda: _settings_navigation(request),
    }


def _navigation(request: HttpRequest) -> list[Group]:
    own = [
        _page(request, _("Overview"), "layout-dashboard", "overview"),
        _page(request, _("Bots"), "bot", "bots"),
        _page(request, _("Performance"), "chart-candlestick", "performance"),
        _page(request, _("Trades"), "arrow-left-right", "trades"),
        _page(request, _("Statements"), "file-check-corner", "statements"),
    ]
    if not request.user.is_authenticated:
        return [Group("", own)]
    inbox = replace(
        _page(request, _("Notifications"), "bell", "notifications"), has_count=True
    )
    account = [
        _page(request, _("Licenses"), "key-round", "licenses"),
        _page(request, _("Subscription"), "credit-card", "subscription"),
        _page(request, _("Settings"), "settings", "settings", also="/accounts/"),
    ]
    if request.user.is_staff:
        account.append(
            _page(request, _("Back office"), "briefcase-business", "admin:index")
        )
    return [Group("", [*own, inbox]), Group(_("Account"), account)]


def _settings_navigation(request: HttpRequest) -> list[Page]:
    pages = [
        _page(request, _("Profile"), "user-round", "settings"),
        _page(request, _("Notifications"), "bell", "notification_settings"),
        _page(request, _("Email"), "mail", "account_email"),
        _page(request, _("Password"), "key-round", "account_change_password"),
        _page(request, _("Two-factor"), "shield-check", "mfa_index"),
        _page(request, _("Sessions"), "monitor-smartphone", "usersessions_list"),
    ]
    # The profile's address is the beginning of others.
    current = max(pages, key=lambda page: len(page.href) * page.is_current)
    return [
        replace(page, is_current=page.is_current and page is current) for page in pages
    ]


def _page(
    request: HttpRequest, label: str | Promise, icon: str, name: str, also: str = ""
) -> Page:
    href = reverse(name)
    if href == "/":
        is_current = request.path == href
    else:
        is_current = request.path.startswith((href, also or href))
    return Page(label, icon, href, is_current)
