"""What ledgers say, to hold against the allotments."""

from django.db.models import Sum

from licensing.models import Allotment, AllotmentEntry
from licensing.models.allotments import KINDS_OF_TOTAL, KINDS_OF_USED


def figures() -> dict[str, tuple[int, int]]:
    """Return total and used of each allotment."""
    return {str(each): (each.total, each.used) for each in Allotment.objects.all()}


def ledgers() -> dict[str, tuple[int, int]]:
    """Return what the entries of each allotment sum to: total and used."""
    return {
        str(each): (_sum(each, KINDS_OF_TOTAL), _sum(each, KINDS_OF_USED))
        for each in Allotment.objects.all()
    }


def _sum(allotment, kinds) -> int:
    entries = AllotmentEntry.objects.filter(allotment_id=allotment.pk, kind__in=kinds)
    return entries.aggregate(sum=Sum("delta"))["sum"] or 0
