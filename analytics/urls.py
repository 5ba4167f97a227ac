from django.urls import path

from analytics import pages

page_urls = [
    path("", pages.overview, name="overview"),
    path("statements/", pages.statements, name="statements"),
    path("statements/<uuid:pk>/", pages.statement, name="statement"),
]
