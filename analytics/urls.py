from django.urls import URLPattern

page_urls: list[URLPattern] = []
