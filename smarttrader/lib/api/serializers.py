"""What a call's object may say: the named fields and nothing else."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

MOST_UNKNOWN_NAMES, LONGEST_NAME = 20, 100
UNKNOWN_FIELD = "This field is not known, or not yours to set."


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses fields it does not know, and fields that are read-only.

    So a call that means to set a role, or misspells a name, learns that nothing of it
    was done.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {field.field_name for field in self._writable_fields}
            unknown = [str(name) for name in data if name not in known]
            if unknown:
                raise serializers.ValidationError(
                    {
                        name[:LONGEST_NAME]: [UNKNOWN_FIELD]
                        for name in unknown[:MOST_UNKNOWN_NAMES]
                    }
                )
        return super().to_internal_value(data)
