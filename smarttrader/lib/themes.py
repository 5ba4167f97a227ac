"""The theme that a visitor chose; the page's own script keeps it in a cookie."""

from django.http import HttpRequest

THEMES = ("light", "dark")


def theme_of(request: HttpRequest) -> str:
    """Return "light" or "dark", or "" where the visitor's system decides."""
    theme = request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""
