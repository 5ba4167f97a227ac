"""What is answered when no view could: to programs a problem, to people a page."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils import translation
from django.views import defaults

from smarttrader.lib.database_errors import PASSING_PROBLEMS, RETRY_AFTER_SECONDS
from smarttrader.lib.problems import problem, unavailable

API_PATH = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path_info.startswith(API_PATH):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return problem(
            request, status=413, code="TOO_LARGE", detail="The body is too large."
        )
    return problem(
        request,
        status=400,
        code="MALFORMED_BODY",
        detail="The call cannot be read.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Return a 503 while the database is away, wherever that was noticed, else a 500.

    Django calls this while it handles the exception, which it does not hand over.
    """
    is_passing = isinstance(sys.exc_info()[1], PASSING_PROBLEMS)
    if request.path_info.startswith(API_PATH):
        if is_passing:
            return unavailable(request)
        return problem(
            request, status=500, code="SERVER_ERROR", detail="We failed; try later."
        )
    if not is_passing:
        return defaults.server_error(request)
    # Without a request: context processors would ask the database again. What the user
    # speaks it could not tell either; the browser can.
    with translation.override(translation.get_language_from_request(request)):
        page = loader.render_to_string("503.html")
    return HttpResponse(
        page, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
    )
