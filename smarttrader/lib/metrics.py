"""What every process counts, and /metrics adds up.

Labels take few values: names of routes, calls, codes and limits, never what a client
says.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from smarttrader.lib.shared_counts import DIRECTORY_VARIABLE

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

_own = CollectorRegistry()
_requests = Counter(
    "http_requests",
    "Requests that were answered.",
    ["route", "method", "status"],
    registry=_own,
)
_seconds = Histogram(
    "http_request_seconds",
    "How long answers took.",
    ["route"],
    buckets=SECONDS,
    registry=_own,
)
_ea_calls = Counter("ea_calls", "Calls of EAs.", ["call", "code"], registry=_own)
_refusals = Counter(
    "rate_limit_refusals", "Calls beyond a limit.", ["limit"], registry=_own
)


def note_answer(route: str, method: str, status: int, seconds: float) -> None:
    _requests.labels(route, method, f"{status // 100}xx").inc()
    _seconds.labels(route).observe(seconds)


def note_ea_call(call: str, code: str) -> None:
    _ea_calls.labels(call, code).inc()


def note_refusal(limit: str) -> None:
    _refusals.labels(limit).inc()


def counted() -> CollectorRegistry:
    """Return a registry of what all processes of this web server counted."""
    directory = os.environ.get(DIRECTORY_VARIABLE)
    if not directory:
        return _own
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return registry
