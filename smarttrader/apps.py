from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "smarttrader"

    def ready(self) -> None:
        from smarttrader.lib.model_names import translate_names

        # It is the first app: the admin, which comes next, makes forms of the names.
        translate_names()
