"""The last path of the user API: every one that is none."""

from typing import Any

from django.http import Http404
from rest_framework.views import APIView


class UnknownPath(APIView):
    """Answers as every unknown thing is answered: a problem, not a page."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def initial(self, *_args: Any, **_kwargs: Any) -> None:
        raise Http404
