"""Puts our back office in the place of Django's."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    default_site = "smarttrader.lib.back_office.BackOffice"
