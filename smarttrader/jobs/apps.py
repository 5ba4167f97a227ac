from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "smarttrader.jobs"
    label = "jobs"
