"""The items of a call, of which each is taken or refused by itself."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import FieldInvalid

Item = TypeVar("Item")
LONGEST_TICKET = 50


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an item was not taken; `index` is its place in the list as it was sent."""

    index: int
    ticket_number: str
    code: str
    field: str
    message: str

    def as_reply(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the items that were taken."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def accepted(self) -> int:
        return self.created + self.updated + self.unchanged


@dataclass(slots=True)
class Batch(Generic[Item]):
    """Items that can be taken, by their index, and why the others cannot."""

    taken: dict[int, Item] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)

    @property
    def items(self) -> list[Item]:
        return list(self.taken.values())

    def reject(self, index: int, code: str, message: str) -> None:
        """Refuse an item that could be read."""
        ticket = getattr(self.taken.pop(index), "ticket_number", "")
        self.rejected.append(Rejection(index, ticket, code, "", message))

    def rejections(self) -> list[Rejection]:
        return sorted(self.rejected, key=lambda rejection: rejection.index)


def read_batch(
    items: Sequence[Any],
    as_fields: Callable[[Any], Fields],
    read: Callable[[Fields], Item],
) -> Batch[Item]:
    """Read each item; one that cannot be taken leaves the others as they are."""
    batch = Batch[Item]()
    for index, item in enumerate(items):
        try:
            batch.taken[index] = read(as_fields(item))
        except FieldInvalid as error:
            batch.rejected.append(
                Rejection(
                    index, _told_ticket(item), error.code, error.field, error.message
                )
            )
    return batch


def _told_ticket(item: Any) -> str:
    ticket = item.get("ticket_number", "") if isinstance(item, dict) else ""
    return str(ticket)[:LONGEST_TICKET] if isinstance(ticket, str | int) else ""
