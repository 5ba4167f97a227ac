"""What a person would read in their mail: the outbox holds it until it is sent."""

import re

from notifications.models import Delivery


def newest_mail_to(email):
    return Delivery.objects.filter(recipient=email).latest("created_at").text


def mailed_code(email):
    return re.findall(r"^ {4}(\S+)$", newest_mail_to(email), re.MULTILINE)[0]


def mailed_path(email):
    """Return the path of the first link of the newest mail."""
    return re.findall(r"https?://[^/\s]+(/\S+)", newest_mail_to(email))[0]
