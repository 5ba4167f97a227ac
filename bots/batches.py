"""Calls with lists of items: what the doors of trades, ticks, logs and sync share."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpResponse

from bots.authentication import BotView
from licensing.standing import Standing
from smarttrader.lib.ea.batch import Batch, Counts, read_batch
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import EaRefusal, FieldInvalid

Item = TypeVar("Item")

OF_THE_CALL = {"token", "nonce"}


class BatchView(BotView):
    """A call with one list: `list_name`, which its body may also be."""

    def read_items(self, read: Callable[[Fields], Item]) -> Batch[Item]:
        """Read the call's list; a body with fields of its own is the only item."""
        if self.list_name in self.body or not self.body.keys() - OF_THE_CALL:
            items = list_in(self.body, self.list_name)
        else:
            items = [self.body]
        return read_batch(items, self.fields_of, read)

    def reply_to(self, batch: Batch[Any], counts: Counts) -> HttpResponse:
        values = reply_keys(batch, counts)
        refuse_lapsed(self.running.standing, values)
        if batch.rejected and not counts.accepted:
            raise EaRefusal(
                400, "ALL_REJECTED", "No item could be taken.", values=values
            )
        return self.reply("OK", "Recorded.", **values)


def refuse_lapsed(standing: Standing, values: dict[str, Any]) -> None:
    """Answer 403 under a lapsed license, with the keys of what was stored even so."""
    if not standing.is_valid:
        raise EaRefusal(403, standing.code, standing.message, values=values)


def list_in(body: dict[str, Any], name: str) -> list[Any]:
    """Return a list of a call; absent, null and empty are no items."""
    items = body.get(name)
    if items is None or items == "":
        return []
    if not isinstance(items, list):
        raise FieldInvalid(name, f"{name} is a list.")
    return items


def reply_keys(batch: Batch[Any], counts: Counts) -> dict[str, Any]:
    """Return the keys of a reply to one list, whatever its status."""
    rejections = batch.rejections()
    first = rejections[0] if rejections else None
    return {
        "accepted": counts.accepted,
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "rejected_count": len(rejections),
        "first_rejected_index": first.index if first else "",
        "first_rejected_code": first.code if first else "",
        "first_rejected_field": first.field if first else "",
        "rejected": [rejection.as_reply() for rejection in rejections],
    }
