"""allauth's forms as whole transactions: its views know of none."""

from collections.abc import Callable, Iterable
from functools import wraps

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver

from smarttrader.lib.errors import Overloaded

RETRY_SECONDS = 5
View = Callable[..., HttpResponse]


def in_transactions(patterns: Iterable[URLPattern | URLResolver]) -> None:
    """Let each form behind these paths be stored whole, or not at all."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            in_transactions(pattern.url_patterns)
        else:
            pattern.callback = _whole(pattern.callback)


def _whole(view: View) -> View:
    @wraps(view)
    def run(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            return _run_whole(view, request, *args, **kwargs)
        except IntegrityError:
            # Of two sign-ups of one address, the later sees what the other wrote.
            return _run_whole(view, request, *args, **kwargs)
        except Overloaded:
            response = render(request, "503.html", status=503)
            response.headers["Retry-After"] = str(RETRY_SECONDS)
            return response

    return run


def _run_whole(
    view: View, request: HttpRequest, *args: object, **kwargs: object
) -> HttpResponse:
    with transaction.atomic():
        return view(request, *args, **kwargs)
