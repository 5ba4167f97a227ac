"""The clock's part in billing: everything due, each time."""

from celery import shared_task

from billing.services import due, provider_events, telling
from smarttrader.jobs.runs import recorded_job
from smarttrader.lib import clock


@shared_task(name="billing.settle_due")
@recorded_job("billing.settle_due")
def settle_due() -> int:
    return due.settle_due(now=clock.now())


@shared_task(name="billing.handle_waiting_events")
@recorded_job("billing.handle_waiting_events")
def handle_waiting_events() -> int:
    return provider_events.handle_waiting(now=clock.now())


@shared_task(name="billing.tell_providers")
@recorded_job("billing.tell_providers")
def tell_providers() -> int:
    return telling.tell_providers(now=clock.now())
