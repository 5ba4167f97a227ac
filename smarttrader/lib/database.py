"""PostgreSQL in models: the server's clock as a default, checks for enums."""

from typing import Any

from django.db import models
from django.db.models.expressions import Func


class DatabaseNow(Func):
    """The transaction's time, as a column default: `now()`."""

    function = "now"
    output_field = models.DateTimeField()


def one_of(
    field: str, choices: type[models.TextChoices], *, name: str
) -> models.CheckConstraint:
    """Return the CHECK that makes a varchar column an enum of these choices."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": choices.values}), name=name
    )


class CreatedAtField(models.DateTimeField[Any, Any]):
    """When the row was written: DEFAULT now()."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("db_default", DatabaseNow())
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)


class UpdatedAtField(CreatedAtField):
    """When the row last changed: DEFAULT now(), moved on by each save."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("auto_now", True)
        super().__init__(**kwargs)
