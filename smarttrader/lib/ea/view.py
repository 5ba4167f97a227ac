"""What every call of an EA has in common, from the raw request to the flat reply."""

import logging
import re
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import DataError, Error, IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.views import APIView

from smarttrader.lib import clock, metrics
from smarttrader.lib.actors import Actor, ActorType
from smarttrader.lib.client_address import (
    address_bucket,
    client_address,
    recorded_address,
)
from smarttrader.lib.database_errors import (
    FOREIGN_KEY_VIOLATION,
    PASSING_PROBLEMS,
    RETRY_AFTER_SECONDS,
    sqlstate_of,
)
from smarttrader.lib.ea.body import read_body
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import EaRefusal, FieldInvalid, refusal_of
from smarttrader.lib.ea.replies import reply
from smarttrader.lib.errors import DomainError
from smarttrader.lib.rate_limits import Limit, Usage, count_call, count_calls, narrowest
from smarttrader.lib.request_ids import request_id_of

SERVER_ERROR = 500
MOST_ITEMS = 500
LONGEST_NONCE = 128
BEARER = "bearer "
# What no text of a call may hold: NUL and halves of characters.
UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")

logger = logging.getLogger(__name__)


class EaView(APIView):
    """A call: `answer(fields)` does the work and returns `self.reply(...)`.

    Refusals come in the protocol's order: 405, 411/413/415, 400 for a malformed body,
    401, 429, 400 for fields, 403. `list_name` names the list that a bare list stands
    for, `list_names` those of a call with several; `client` is the caller's address as
    limits know it; `code` is what was answered.
    """

    authentication_classes: ClassVar[list[Any]] = []  # type: ignore[misc]
    permission_classes: ClassVar[list[Any]] = []  # type: ignore[misc]
    method = "POST"
    list_name = ""
    list_names: ClassVar[tuple[str, ...]] = ()
    code = "NOT_MODIFIED"  # the one answer that tells no code

    def initial(self, request: Request, *_args: Any, **_kwargs: Any) -> None:
        self.begin()
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            raise EaRefusal(403, "TLS_REQUIRED", "Call https: keys travel with calls.")
        if request.method != self.method:
            raise MethodNotAllowed(str(request.method))
        self.body = self._as_object(read_body(_plain_request(request)))
        self._check_list()
        # Refusals before its own turn echo it, too.
        self.nonce, is_nonce_good = _nonce(self.body)
        self.authenticate()
        self.check_limits()
        if not is_nonce_good:
            raise FieldInvalid(
                "nonce", f"nonce is a text of at most {LONGEST_NONCE} characters."
            )

    def begin(self) -> None:
        """Read the clock, and find out where the call comes from."""
        self.now = clock.now()
        self.nonce = ""
        self.client = address_bucket(client_address(_plain_request(self.request)))
        self.usages: list[Usage] = []

    def authenticate(self) -> None:
        """Find out who calls; here nobody has to tell. Raises EaRefusal."""

    def check_limits(self, *more: tuple[Limit, str]) -> None:
        """Refuse who calls too often; calls add limits of their own. Raises EaRefusal.

        All calls of an address are counted together, whatever they are; `more` limits
        are counted in the same round trip unless the address is refused.
        """
        self.usages = count_calls([self._limit_of_address(), *more])
        _refuse_if_exceeded(self.usages[-1])

    def count(self, limit: Limit, who: str) -> None:
        """Count the call towards a limit. Raises EaRefusal when it is used up."""
        usage = count_call(limit, who)
        self.usages.append(usage)
        _refuse_if_exceeded(usage)

    def _limit_of_address(self) -> tuple[Limit, str]:
        return Limit("ea", settings.EA_CALLS_PER_IP), self.client

    @property
    def call(self) -> str:
        """Return the call's name in the protocol, which its limits are found by."""
        return self.request.path.rstrip("/").rpartition("/")[2]

    def answer(self, fields: Fields) -> HttpResponse:
        raise NotImplementedError

    def post(self, _request: Request) -> HttpResponse:
        return self.answer(Fields(self.body))

    def get(self, _request: Request) -> HttpResponse:
        return self.answer(Fields(self.body))

    @property
    def allowed_methods(self) -> list[str]:
        return [self.method]

    def token(self) -> str:
        """Return the token of the header, else that of the body, else nothing."""
        header = self.request.headers.get("Authorization", "")
        if header.lower().startswith(BEARER):
            return str(header[len(BEARER) :].strip())
        token = self.body.get("token", "")
        return token if isinstance(token, str) else ""

    def reply(
        self, code: str, message: str, *, status: int = 200, **values: Any
    ) -> HttpResponse:
        return self._reply(status, code, message, values)

    def is_known(self, etag: str) -> bool:
        """Tell whether the caller has what an ETag names, so that a 304 will do."""
        told = parse_etags(self.request.headers.get("If-None-Match", ""))
        return "*" in told or etag in (each.removeprefix("W/") for each in told)

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override]
        refusal = _as_refusal(exc, self.allowed_methods)
        if refusal.status == SERVER_ERROR:
            logger.error("an EA's call failed", exc_info=exc)
        values = refusal.values | ({"field": refusal.field} if refusal.field else {})
        response = self._reply(refusal.status, refusal.code, refusal.message, values)
        for name, value in refusal.headers.items():
            response.headers[name] = value
        return response

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if not self.usages:  # a call that was refused before its limits
            self.usages = count_calls([self._limit_of_address()])
        for name, value in narrowest(self.usages).headers(self.now).items():
            response.headers[name] = value
        metrics.note_ea_call(_name_of(request), self.code)
        return super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]

    @property
    def caller(self) -> Actor:
        """Return who calls, as events remember it."""
        request = _plain_request(self.request)
        return Actor(
            ActorType.EA,
            ip=recorded_address(request),
            request_id=request_id_of(request),
        )

    def _reply(
        self, status: int, code: str, message: str, values: dict[str, Any]
    ) -> HttpResponse:
        self.code = code
        return reply(
            _plain_request(self.request),
            status=status,
            code=code,
            message=message,
            now=self.now,
            nonce=self.nonce,
            **values,
        )

    def _check_list(self) -> None:
        for name in self.list_names or (self.list_name,):
            items = self.body.get(name)
            if isinstance(items, list) and len(items) > MOST_ITEMS:
                raise EaRefusal(
                    413, "TOO_LARGE", f"A list has at most {MOST_ITEMS} items."
                )

    def _as_object(self, body: Any) -> dict[str, Any]:
        if isinstance(body, list):
            if not self.list_name:
                raise EaRefusal(400, "MALFORMED_BODY", "The body is an object.")
            return {self.list_name: body}
        return dict(body)


class UnknownCall(EaView):
    """Every path that is none: the EA gets a reply that it can read."""

    def initial(self, request: Request, *_args: Any, **_kwargs: Any) -> None:
        self.begin()
        raise EaRefusal(404, "NOT_FOUND", f"There is no call {request.path}.")


def _plain_request(request: Any) -> HttpRequest:
    plain: HttpRequest = getattr(request, "_request", request)
    return plain


def _name_of(request: Any) -> str:
    """Return the route's name: what the path says has no number."""
    match = _plain_request(request).resolver_match
    return (match and match.url_name) or "unknown"


def _nonce(body: dict[str, Any]) -> tuple[str, bool]:
    """Return the nonce to echo, to the letter, and whether it is a good one."""
    nonce = body.get("nonce")
    if nonce is None:
        return "", True
    if isinstance(nonce, bool):
        nonce = "true" if nonce else "false"
    if not isinstance(nonce, str | int | Decimal):
        return "", False
    text = str(nonce)
    is_good = len(text) <= LONGEST_NONCE and not UNSPEAKABLE.search(text)
    return (text, True) if is_good else ("", False)


def _refuse_if_exceeded(usage: Usage) -> None:
    if usage.is_exceeded:
        raise EaRefusal(
            429,
            "RATE_LIMITED",
            "You call too often: go on after the time in Retry-After.",
            headers={"Retry-After": str(usage.seconds_left)},
        )


def _is_of_a_deleted_row(error: Exception) -> bool:
    """Tell whether a row went while the call spoke of it: its bot, its license."""
    return isinstance(error, Error) and sqlstate_of(error) == FOREIGN_KEY_VIOLATION


def _as_refusal(error: Exception, allowed: list[str]) -> EaRefusal:
    if isinstance(error, EaRefusal):
        return error
    if isinstance(error, FieldInvalid):
        # Out of range is a code of items; a call without items has but the one.
        return EaRefusal(400, "VALIDATION_ERROR", error.message, field=error.field)
    if isinstance(error, MethodNotAllowed):
        return EaRefusal(
            405,
            "METHOD_NOT_ALLOWED",
            f"Use {allowed[0]}.",
            headers={"Allow": ", ".join(allowed)},
        )
    if isinstance(error, DomainError):
        return refusal_of(error)
    return _as_failure(error)


def _as_failure(error: Exception) -> EaRefusal:
    if isinstance(error, PASSING_PROBLEMS) or _is_of_a_deleted_row(error):
        logger.warning("an EA's call could not be served now", exc_info=error)
        return EaRefusal(
            503,
            "UNAVAILABLE",
            "Try again soon.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    if isinstance(error, DataError | IntegrityError):
        # It will not fit the next time either, so an EA must not send it again.
        logger.error("an EA's call does not fit the database", exc_info=error)
        return EaRefusal(400, "VALIDATION_ERROR", "This cannot be stored.")
    return EaRefusal(SERVER_ERROR, "SERVER_ERROR", "We failed; try again later.")
