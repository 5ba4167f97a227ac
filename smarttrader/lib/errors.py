"""What services raise when they refuse: a code for programs, a sentence for people."""

from typing import ClassVar, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Kind = Literal["unauthenticated", "refused", "missing", "conflict", "invalid"]
# How the APIs answer each kind.
STATUS_OF_KIND: dict[Kind, int] = {
    "unauthenticated": 401,
    "refused": 403,
    "missing": 404,
    "conflict": 409,
    "invalid": 400,
}


class DomainError(Exception):
    """A refusal: `code` is stable, for programs; the message is for people."""

    code: ClassVar[str] = "REFUSED"
    title: ClassVar[str | Promise] = _("This was refused")
    kind: ClassVar[Kind] = "refused"
    field: str = ""  # the one that it is about, where it is about one

    def __init__(self, message: str | Promise | None = None) -> None:
        self.message = str(message or self.title)
        super().__init__(self.message)


class Overloaded(Exception):
    """We have too much to do just now: the same call will do in a few seconds."""
