"""What only a REST API does in the emulator: it throttles."""

import time

import pytest

from tests.emulated.calls import Api
from tests.stack import LocalStack

pytestmark = pytest.mark.emulated
KINDS = ("rest",)


def test_health_is_limited_whoever_asks(local_stack: LocalStack) -> None:
    nobody = Api(local_stack.outputs["api_url"])
    answers = [nobody.get("/v2/health/live") for _ in range(60)]
    [refused, *_] = [answer for answer in answers if answer.status != 200]
    assert refused.status == 429
    assert refused.problem()["type"] == "urn:warmline:problem:too-many-requests"
    assert refused.headers["retry-after"] == "1"
    time.sleep(float(refused.headers["retry-after"]))
    assert nobody.get("/v2/health/live").json() == {"live": True}
