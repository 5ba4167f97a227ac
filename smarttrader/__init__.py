"""The project: settings, URLs, Celery, and the library under the apps."""
