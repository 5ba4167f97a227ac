"""Refusals of a call, and of one item of a call."""

from typing import Any

from smarttrader.lib.errors import STATUS_OF_KIND, DomainError


class EaRefusal(Exception):
    """A call that is answered with an error: HTTP status, stable code, a sentence."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str = "",
        headers: dict[str, str] | None = None,
        values: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = headers or {}
        self.values = values or {}  # further keys of the reply


class FieldInvalid(Exception):
    """A field that cannot be taken: refuses its item, or a call without items."""

    def __init__(
        self, field: str, message: str, code: str = "VALIDATION_ERROR"
    ) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.code = code


def refusal_of(
    error: DomainError, *, values: dict[str, Any] | None = None
) -> EaRefusal:
    """Return how a service's refusal is answered."""
    status = STATUS_OF_KIND[error.kind]
    return EaRefusal(status, error.code, error.message, values=values)
