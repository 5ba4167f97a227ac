"""The request that is being answered, for whatever is logged meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestContext:
    """`user_id` and `bot_id` are empty until somebody found out who calls."""

    request_id: str
    user_id: str = ""
    bot_id: str = ""


_current: ContextVar[RequestContext | None] = ContextVar("request", default=None)


def current_request() -> RequestContext | None:
    """Return the request that this thread answers, if it answers one."""
    return _current.get()


def note_bot(bot_id: object) -> None:
    """Let log lines of this request name the bot that calls."""
    if context := _current.get():
        context.bot_id = str(bot_id)


@contextmanager
def answering(request_id: str) -> Iterator[RequestContext]:
    """Let log lines of the block name the request."""
    context = RequestContext(request_id)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
