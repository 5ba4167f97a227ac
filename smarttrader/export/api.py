"""GET me/export."""

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.permissions import caller, caller_as_actor
from smarttrader.export import archive
from smarttrader.lib import clock
from smarttrader.lib.api.throttles import UserThrottle
from smarttrader.lib.rate_limits import Limit


class ExportThrottle(UserThrottle):
    """Exports of one user, those in a browser as well."""

    is_of_one_view = True

    def limit_of(self) -> Limit:
        return archive.LIMIT


class MyExport(APIView):
    """Download a ZIP file with all that is the caller's, as JSON and as CSV."""

    throttle_classes = (UserThrottle, ExportThrottle)

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> FileResponse:
        file = archive.export(
            user=caller(request), actor=caller_as_actor(request), now=clock.now()
        )
        return FileResponse(
            file,
            as_attachment=True,
            filename=archive.NAME,
            content_type="application/zip",
        )
