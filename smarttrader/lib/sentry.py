"""Failures reported to Sentry: where they happened, and nothing of a user."""

from typing import Any

import sentry_sdk

from smarttrader.lib.logs import scrubbed
from smarttrader.lib.request_context import current_request

# What a request brought may hold keys, codes and passwords under any name.
DROPPED = ("data", "cookies", "headers", "env", "query_string")


def start_sentry(dsn: str, **options: Any) -> None:
    """Report exceptions and errors of this process from now on."""
    sentry_sdk.init(
        dsn,
        max_request_body_size="never",
        include_local_variables=False,
        traces_sample_rate=0,
        before_send=_without_secrets,
        before_breadcrumb=lambda crumb, _hint: _scrubbed_deep(crumb),
        **options,
    )


def _without_secrets(event: Any, _hint: Any) -> Any:
    for name in DROPPED:
        event.get("request", {}).pop(name, None)
    if request := current_request():
        event.setdefault("tags", {})["request_id"] = request.request_id
    return _scrubbed_deep(event)


def _scrubbed_deep(value: Any) -> Any:
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, dict):
        return {name: _scrubbed_deep(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed_deep(each) for each in value]
    return value
