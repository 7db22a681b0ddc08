"""A route that the program no longer has, through the real engine: it ends with the same `up`."""

from pathlib import Path

import pytest

from automation.report import DEPLOYMENT
from tests.engine.workbench import destroy, workbench

pytestmark = pytest.mark.engine

STAGE = "aws:apigateway/stage:Stage"
PROGRAM = """
import pulumi
import pulumi_aws as aws

ROUTES = {routes}
TAGS = {{"owner": "o", "data-class": "none"}}
api = aws.apigateway.RestApi("api", tags=TAGS)
parts = []
for route in ROUTES:
    resource = aws.apigateway.Resource(
        route, rest_api=api.id, parent_id=api.root_resource_id, path_part=route
    )
    method = aws.apigateway.Method(
        route,
        rest_api=api.id,
        resource_id=resource.id,
        http_method="GET",
        authorization="AWS_IAM",
    )
    parts.append(method)
deployment = aws.apigateway.Deployment(
    "api",
    rest_api=api.id,
    triggers={{"routes": " ".join(ROUTES)}},
    opts=pulumi.ResourceOptions(depends_on=parts),
)
aws.apigateway.Stage(
    "api", rest_api=api.id, deployment=deployment.id, stage_name="live", tags=TAGS
)
"""


def test_what_is_deployed_has_no_route_that_was_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automation.deployment._packs", lambda: None)
    with workbench(tmp_path) as bench:
        gateway = bench.clients("apigateway")

        def answered() -> set[str]:
            (stage,) = bench.resources(STAGE).values()
            found = gateway.get_deployment(
                restApiId=stage["restApi"],
                deploymentId=stage["deployment"],
                embed=["apisummary"],
            )
            return set(found["apiSummary"])

        def up(*routes: str) -> dict[str, int]:
            program = PROGRAM.format(routes=routes)
            (bench.root / "__main__.py").write_text(program, encoding="utf-8")
            return dict(bench.up().changes)

        up("a", "b")
        assert answered() == {"/a", "/b"}
        changes = up("a")
        assert answered() == {"/a"}
        # Once with its trigger, and once more when the route was gone.
        assert changes["replace"] == 2
        assert len(bench.resources(DEPLOYMENT)) == 1
        assert "replace" not in up("a")
        destroy(bench)
