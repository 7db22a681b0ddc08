"""Launch profiles in the graph: what each asks AWS for, and what none ever asks for."""

from functools import cache

import pytest

from components.function import PLAIN
from settings.features import Feature
from tests.aws_requests import Unsent, faults
from tests.graph.programs import run
from tests.graph.test_function import built
from tests.harness import Graph, Resource
from tests.unit.settings.launches import IMAGE, LAYER, switching_on
from tests.unit.settings.stack_files import PUBLISHER, changed

pytestmark = pytest.mark.graph

F = Feature
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
WARM = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
PREDICT = "serving-predict"
PROFILES = {
    "a": frozenset({F.SIGNED, F.ALL_SIGNED, F.ARM64, F.PROVISIONED, F.LARGE_TMP}),
    "b": frozenset({F.SIGNED, F.ALL_SIGNED, F.ARM64, F.SNAP_START}),
    "c-snap-start": frozenset({F.SIGNED, F.IMAGE, F.SNAP_START}),
    "c-provisioned": frozenset({F.SIGNED, F.IMAGE, F.PROVISIONED}),
    "layer": frozenset({F.SIGNED, F.ALL_SIGNED, F.LAYER}),
}


@cache
def launched(profile: str) -> Graph:
    """The dev stack with its serving group launched so."""
    return run("dev", changed(*switching_on(PROFILES[profile])))


def predict(profile: str) -> Resource:
    return launched(profile).one(FUNCTION, PREDICT)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_services_take_every_request_of_a_profile(profile: str, aws: Unsent) -> None:
    made = [one for one in launched(profile).resources if one.type.startswith("aws:")]
    assert len(made) > 80
    assert faults(made, aws) == []


@pytest.mark.parametrize("profile", ["a", "c-provisioned"])
def test_warm_environments_are_on_the_version_that_the_alias_then_moves_to(profile: str) -> None:
    graph, function = launched(profile), predict(profile)
    (warm,) = graph.all(WARM)
    alias = graph.one(ALIAS, PREDICT)
    assert warm.inputs["qualifier"] == function.outputs["version"] != "$LATEST"
    assert warm.inputs["qualifier"] == alias.inputs["functionVersion"]
    assert warm.inputs["functionName"] == function.outputs["name"]
    assert warm.inputs["provisionedConcurrentExecutions"] == 2
    assert warm.urn in alias.dependencies, "an alias that moves first leaves cold environments"
    assert "routingConfig" not in alias.inputs
    assert function.inputs["publish"] is True


@pytest.mark.parametrize("profile", ["b", "c-snap-start", "layer"])
def test_nothing_is_kept_warm_where_nobody_asked_for_it(profile: str) -> None:
    assert launched(profile).all(WARM) == []


def test_snapshots_are_taken_of_published_versions() -> None:
    assert predict("b").inputs["snapStart"] == {"applyOn": "PublishedVersions"}
    assert predict("c-snap-start").inputs["snapStart"] == {"applyOn": "PublishedVersions"}
    assert "snapStart" not in predict("a").inputs


@pytest.mark.parametrize("profile", ["c-snap-start", "c-provisioned"])
def test_an_image_is_named_by_digest_and_brings_its_own_runtime(profile: str) -> None:
    inputs = predict(profile).inputs
    assert (inputs["packageType"], inputs["imageUri"]) == ("Image", IMAGE)
    assert not {"runtime", "handler", "s3Bucket", "s3Key", "codeSigningConfigArn"} & set(inputs)
    graph = launched(profile)
    uploads = graph.all("aws:s3/bucketObjectv2:BucketObjectv2")
    assert [upload.name for upload in uploads] == ["health"], "nothing uploads what nobody runs"


def test_beside_an_image_the_archives_stay_signed() -> None:
    (config,) = launched("c-snap-start").all("aws:lambda/codeSigningConfig:CodeSigningConfig")
    health = launched("c-snap-start").one(FUNCTION, "health")
    assert health.inputs["codeSigningConfigArn"] == config.outputs["arn"]
    assert "packageType" not in health.inputs


def test_a_layer_and_its_publisher_are_named_together() -> None:
    graph = launched("layer")
    assert predict("layer").inputs["layers"] == [LAYER]
    (config,) = graph.all("aws:lambda/codeSigningConfig:CodeSigningConfig")
    own = graph.one("aws:signer/signingProfile:SigningProfile", "signing").outputs["versionArn"]
    listed = config.inputs["allowedPublishers"]["signingProfileVersionArns"]
    assert listed == [own, PUBLISHER]


@pytest.mark.parametrize("profile", PROFILES)
def test_only_the_serving_group_is_launched_so(profile: str) -> None:
    health = launched(profile).one(FUNCTION, "health").inputs
    assert not {"snapStart", "tenancyConfig", "layers", "imageUri"} & set(health)
    assert [warm.name for warm in launched(profile).all(WARM)] in ([], [PREDICT])


def test_an_isolated_function_asks_for_environments_per_tenant(aws: Unsent) -> None:
    graph = built(launch=PLAIN.model_copy(update={"tenancy": "isolated"}))
    function = graph.one(FUNCTION, "f")
    assert function.inputs["tenancyConfig"] == {"tenantIsolationMode": "PER_TENANT"}
    assert faults([function], aws) == []


def test_a_function_cannot_be_asked_for_weights_or_for_warm_environments_on_its_alias() -> None:
    for argument in ("alias_weights", "routing_config", "alias_provisioned_concurrency"):
        with pytest.raises(TypeError, match=argument):
            built(**{argument: 1})
