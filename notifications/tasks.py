"""What the clock asks of notifications."""

from celery import shared_task

from notifications.services import (
    digests,
    inbox,
    news,
    outbox,
    telegram,
    telling,
    webhooks,
)
from smarttrader.jobs.runs import recorded_job
from smarttrader.lib import clock


@shared_task(name="notifications.delete_old")
@recorded_job("notifications.delete_old")
def delete_old() -> int:
    now = clock.now()
    return (
        inbox.delete_old_notifications(now=now)
        + outbox.delete_old_deliveries(now=now)
        + digests.delete_old_digests(now=now)
        + telling.forget_old_causes(now=now)
    )


# Each two seconds, so it leaves no record: the deliveries are one.
@shared_task(name="notifications.send_urgent_mail")
def send_urgent_mail() -> int:
    return outbox.send_due_mail(now=clock.now(), is_urgent=True)


@shared_task(name="notifications.send_ordinary_mail")
@recorded_job("notifications.send_ordinary_mail")
def send_ordinary_mail() -> int:
    return outbox.send_due_mail(now=clock.now(), is_urgent=False)


@shared_task(name="notifications.send_digests")
@recorded_job("notifications.send_digests")
def send_digests() -> int:
    return digests.send_due_digests(now=clock.now())


@shared_task(name="notifications.send_webhooks")
@recorded_job("notifications.send_webhooks")
def send_webhooks() -> int:
    return webhooks.send_due_webhooks(now=clock.now())


@shared_task(name="notifications.send_telegram")
@recorded_job("notifications.send_telegram")
def send_telegram() -> int:
    return telegram.send_due_messages(now=clock.now())


# Each few seconds, so it leaves no record: somebody waits for their chat to be linked.
@shared_task(name="notifications.read_telegram")
def read_telegram() -> int:
    return telegram.read_messages(now=clock.now())


@shared_task(name="notifications.tell_news")
@recorded_job("notifications.tell_news")
def tell_news() -> int:
    return news.tell_news(now=clock.now())
