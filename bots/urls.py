from django.urls import path, re_path

from bots.api import bots, licenses, logs
from bots.api import settings as api_settings
from bots.ea import activation, heartbeat, settings
from bots.ea import logs as ea_logs
from bots.pages import commands, connect, license_actions
from bots.pages import licenses as license_pages
from bots.pages import settings as settings_page

# With and without a trailing slash: an EA loses its body in a redirect.
ea_urls = [
    re_path(r"^activate/?$", activation.Activate.as_view(), name="ea_activate"),
    re_path(r"^validate/?$", activation.Validate.as_view(), name="ea_validate"),
    re_path(r"^deactivate/?$", activation.Deactivate.as_view(), name="ea_deactivate"),
    re_path(r"^heartbeat/?$", heartbeat.RecordHeartbeat.as_view(), name="ea_heartbeat"),
    re_path(r"^settings/?$", settings.Settings.as_view(), name="ea_settings"),
    re_path(r"^logs/?$", ea_logs.RecordLogs.as_view(), name="ea_logs"),
]

api_urls = [
    path("licenses", licenses.Licenses.as_view({"get": "list"}), name="api_licenses"),
    path(
        "licenses/<uuid:pk>",
        licenses.Licenses.as_view({"get": "retrieve"}),
        name="api_license",
    ),
    path(
        "licenses/<uuid:pk>/reveal",
        licenses.Licenses.as_view({"post": "reveal"}),
        name="api_license_reveal",
    ),
    path(
        "licenses/<uuid:pk>/rotate",
        licenses.Licenses.as_view({"post": "rotate"}),
        name="api_license_rotate",
    ),
    path(
        "licenses/<uuid:pk>/reset-hardware",
        licenses.Licenses.as_view({"post": "reset_hardware"}),
        name="api_license_reset_hardware",
    ),
    path(
        "licenses/<uuid:pk>/accounts/<uuid:bot_id>/release",
        licenses.Licenses.as_view({"post": "release"}),
        name="api_license_release",
    ),
    path("bots", bots.Bots.as_view({"get": "list"}), name="api_bots"),
    path(
        "bots/<uuid:pk>",
        bots.Bots.as_view({"get": "retrieve", "patch": "rename"}),
        name="api_bot",
    ),
    path(
        "bots/<uuid:pk>/settings",
        api_settings.Settings.as_view(
            {"get": "retrieve", "put": "replace", "patch": "change"}
        ),
        name="api_bot_settings",
    ),
    path(
        "bots/<uuid:pk>/commands",
        bots.BotCommands.as_view({"get": "list", "post": "queue"}),
        name="api_bot_commands",
    ),
    path(
        "bots/<uuid:pk>/breaches",
        bots.Breaches.as_view({"get": "list"}),
        name="api_bot_breaches",
    ),
    path("logs", logs.Logs.as_view({"get": "list"}), name="api_logs"),
]

page_urls = [
    path("bots/<uuid:pk>/command/", commands.command, name="bot_command"),
    path("bots/<uuid:pk>/stop/", commands.stop, name="bot_stop"),
    path("bots/<uuid:pk>/settings/", settings_page.settings, name="bot_settings"),
    path("connect/", connect.connect, name="connect"),
    path("licenses/", license_pages.licenses, name="licenses"),
    path("licenses/<uuid:pk>/", license_pages.license, name="license"),
    path("licenses/<uuid:pk>/key/", license_actions.reveal, name="license_reveal"),
    path("licenses/<uuid:pk>/rotate/", license_actions.rotate, name="license_rotate"),
    path(
        "licenses/<uuid:pk>/reset-hardware/",
        license_actions.reset_hardware,
        name="license_reset",
    ),
    path(
        "licenses/<uuid:pk>/accounts/<uuid:bot_id>/release/",
        license_actions.release,
        name="license_release",
    ),
]
