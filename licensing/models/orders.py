"""Orders of licenses by staff that were carried out."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class StaffOrder(models.Model):
    """That a form of the staff's issued licenses, by the form's key: so it is once.

    Plain ids, so that it survives the licenses and whoever issued them.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    at = models.DateTimeField()
    actor_id = models.UUIDField(blank=True, null=True)
    license_ids = ArrayField(models.UUIDField(), db_default=[])

    class Meta:
        db_table = "staff_orders"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
