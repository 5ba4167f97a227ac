from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from smarttrader.bench.yardstick import HeartbeatView


@csrf_exempt
def empty(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    # Beside the EA's calls, so that all pass the same middleware.
    path("api/v1/ea/bench/empty", empty),
    path("api/v1/ea/bench/heartbeat", HeartbeatView.as_view()),
    path("", include("smarttrader.urls")),
]
