"""A cache on Redis that a dead or hung Redis does not take down.

For ten seconds after a failure each process counts for itself: limits stay, a little
more generous, and nobody is answered 500. Nothing that must be kept belongs here.
"""

import logging
import time
from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

BREAKER_SECONDS = 10

logger = logging.getLogger(__name__)


class SurvivingCache(BaseCache):
    """Redis while it answers, the process's own memory while it does not."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._redis = RedisCache(location, params)
        self._memory = LocMemCache("surviving", {})
        self._closed_until = 0.0

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("add", *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("touch", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("delete", *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("incr", *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("has_key", *args, **kwargs)

    def clear(self) -> Any:
        self._memory.clear()
        return self._ask("clear")

    def _ask(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._closed_until:
            try:
                return getattr(self._redis, operation)(*args, **kwargs)
            except (RedisError, OSError) as error:
                self._closed_until = time.monotonic() + BREAKER_SECONDS
                logger.warning("Redis does not answer: %s", error)
        return getattr(self._memory, operation)(*args, **kwargs)
