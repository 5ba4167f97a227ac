from django.urls import path

from analytics.api import metrics
from analytics.api import statements as api_statements
from analytics.pages import bots, overview, performance, statements, track_records

api_urls = [
    path("metrics", metrics.Metrics.as_view({"get": "list"}), name="api_metrics"),
    path(
        "statements",
        api_statements.Statements.as_view({"get": "list", "post": "upload"}),
        name="api_statements",
    ),
    path(
        "statements/<uuid:pk>",
        api_statements.Statements.as_view({"get": "retrieve"}),
        name="api_statement",
    ),
]

page_urls = [
    path("", overview.overview, name="overview"),
    path("bots/", bots.bots, name="bots"),
    path("bots/<uuid:pk>/", bots.bot, name="bot"),
    path("bots/<uuid:pk>/track-record/", track_records.edit, name="track_record_edit"),
    path("t/<str:slug>/", track_records.show, name="track_record"),
    path("t/<str:slug>/badge.svg", track_records.badge, name="track_record_badge"),
    path("performance/", performance.performance, name="performance"),
    path("statements/", statements.statements, name="statements"),
    path("statements/<uuid:pk>/", statements.statement, name="statement"),
]
