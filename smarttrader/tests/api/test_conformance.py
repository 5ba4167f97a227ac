"""The APIs do what their document says, whatever they are sent: by schemathesis.

Half of the examples are what the document allows, half are not; of both, half name
things that exist.
"""

import os
import random
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from accounts.services.verification import new_code
from accounts.tests.factories import PASSWORD
from accounts.tests.tokens import bearer
from bots.tests.ea_client import Ea, license_key_of
from conftest import MANY
from smarttrader.lib import clock
from smarttrader.lib.requests import TolerantRequest
from smarttrader.openapi.document import document
from smarttrader.tests.api.world import Belongings, give_one_of_each

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
EXAMPLES = 100 if IS_NIGHTLY else 30
CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
HANDLER = WSGIHandler()
HANDLER.request_class = TolerantRequest
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS: list[Any] = [each.ok() for each in SCHEMA.get_all_operations()]  # type: ignore[union-attr]

# To JSON Schema 50.0 is an integer, and any text a name.
SETTINGS: dict[str, Any] = {
    "risk_percentage": "1.25",
    "max_daily_loss": "50.00",
    "max_trades_per_day": 10,
    "stop_loss_pips": 50,
    "take_profit_pips": 100,
    "trading_pairs": ["EURUSD"],
    "trading_sessions": [],
    "strategies_enabled": [],
}
# Good calls of these have tests of their own: no generator writes a statement.
NEEDS_MORE = {"POST /api/v1/statements"}


@pytest.fixture
def principals(cast: dict[str, User]) -> dict[str, dict[str, str]]:
    """Return the headers of each principal; the bot is one of Alice's."""
    ea = Ea()
    ea.activate(license_key_of(cast["alice"]))
    return {
        "user": bearer(cast["alice"]),
        "reseller": bearer(cast["bob"]),
        "bot": {"Authorization": f"Bearer {ea.token}"},
    }


def application(environ: Any, start_response: Any) -> list[bytes]:
    """Serve as a server does, which closes the responses: schemathesis does not."""
    response: Any = HANDLER(environ, start_response)
    with closing(response):
        return [b"".join(response)]


@contextmanager
def one_connection() -> Iterator[None]:
    """Let requests leave the connection of the test open, as Django's client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@contextmanager
def forgotten() -> Iterator[None]:
    """Undo what is done meanwhile, as each operation's examples find the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def real_names(operation: Any, things: Belongings) -> dict[str, uuid.UUID]:
    """Return the ids that a path asks for, of things that exist."""
    kinds = {
        "bots": things.bot,
        "licenses": things.license,
        "notifications": things.notification,
        "statements": things.statement,
        "subscriptions": things.subscription,
        "trades": things.trade,
    }
    kind = operation.path.split("/")[3]
    found = kinds[kind].pk if kind in kinds else things.bot.pk
    return {"id": found, "bot_id": things.bot.pk}


def point_at(case: Any, names: dict[str, Any], known: dict[str, Any]) -> None:
    """Let a call name what exists, and prove what it must."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = str(names[name])
    if isinstance(case.body, dict):
        case.body |= {name: known[name] for name in case.body if name in known}


def examine(
    operation: Any,
    names: dict[str, Any],
    known: dict[str, Any],
    headers: dict[str, str],
) -> set[int]:
    """Call an operation in many ways; return the statuses that came.

    Raises FailureGroup, which tells what contradicts the document.
    """
    statuses = set()
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in MODES))

    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=not IS_NIGHTLY,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases, is_pointed=st.booleans())
    def run(case: Any, is_pointed: bool) -> None:
        if is_pointed:
            point_at(case, names, known)
        response = case.call(app=application, headers=headers)
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    with one_connection(), forgotten():
        run()
    return statuses


@pytest.fixture
def no_limit_of_attempts(settings: Any) -> None:
    settings.SIGN_INS_PER_ACCOUNT = settings.SIGN_INS_PER_IP = MANY


@pytest.mark.django_db
@pytest.mark.usefixtures("no_limits", "no_limit_of_attempts")
@pytest.mark.parametrize("who", ["user", "reseller", "bot"])
def test_the_document_is_true(principals, cast, who):
    things = give_one_of_each(cast["alice"])
    if who == "reseller":  # who reads nobody's inbox but his own
        things.notification = give_one_of_each(cast["bob"]).notification
    known = {
        "email": "alice@example.com",
        "code": new_code(user=cast["alice"], now=clock.now()),
        "password": PASSWORD,
        "current_password": PASSWORD,
        "new_password": f"{PASSWORD}, again",
        "license_key": license_key_of(cast["alice"]),
        "version": things.bot.settings_version,
        "reason": "The computer is another",
        **SETTINGS,
    }
    if not IS_NIGHTLY:
        random.seed(0)  # schemathesis draws from it beside hypothesis
    contradictions, answered = {}, set()

    for operation in OPERATIONS:
        names = real_names(operation, things)
        try:
            statuses = examine(operation, names, known, principals[who])
        except FailureGroup as error:
            contradictions[operation.label] = str(error)
        else:
            answered |= {operation.label} if min(statuses) < 300 else set()

    assert contradictions == {}
    assert expected_of(who) - answered == set()


def expected_of(who: str) -> set[str]:
    """Return the operations of which some call must have been a good one."""
    labels = {operation.label for operation in OPERATIONS}
    of_eas = {label for label in labels if "/api/v1/ea/" in label}
    if who == "bot":
        return of_eas
    return labels - of_eas - NEEDS_MORE
