"""Replies as JSON, in which an amount is a text: nobody reads it as a float."""

from decimal import Decimal
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class ExactEncoder(JSONEncoder):
    """DRF's own, which would make a float of a Decimal."""

    def default(self, obj: Any) -> Any:
        return format(obj, "f") if isinstance(obj, Decimal) else super().default(obj)


class ExactJSONRenderer(JSONRenderer):
    encoder_class = ExactEncoder
