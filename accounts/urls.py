from django.urls import URLPattern

# A path of the user API has no slash at its end.
api_urls: list[URLPattern] = []
