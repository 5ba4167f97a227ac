from django.urls import path

from analytics.pages import bots, overview, statements

page_urls = [
    path("", overview.overview, name="overview"),
    path("bots/", bots.bots, name="bots"),
    path("bots/<uuid:pk>/", bots.bot, name="bot"),
    path("statements/", statements.statements, name="statements"),
    path("statements/<uuid:pk>/", statements.statement, name="statement"),
]
