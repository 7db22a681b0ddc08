"""Code: what runs on AWS is what the stack's own signer signed, and nothing else."""

import copy
import re
from dataclasses import replace
from typing import Any

import pytest

from components.code_signing import profile_prefix
from components.packaging import Package
from tests.graph.programs import ARCHIVE_DIGEST, graph_of, run, stack_file, unbuilt
from tests.harness import Graph, Resource

pytestmark = pytest.mark.graph

FUNCTION = "aws:lambda/function:Function"
UPLOAD = "aws:s3/bucketObjectv2:BucketObjectv2"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
JOB = "aws:signer/signingJob:SigningJob"
PROFILE = "aws:signer/signingProfile:SigningProfile"
CONFIG = "aws:lambda/codeSigningConfig:CodeSigningConfig"
FUNCTIONS = {"health", "serving-predict"}
OTHER_DIGEST = "decade" + "0" * 58
PUBLISHER = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/central_1/a1B2c3D4e5"


@pytest.fixture(params=["dev", "prod"])
def signed(request: pytest.FixtureRequest) -> Graph:
    return graph_of(request.param)


def test_lambda_refuses_code_that_the_stacks_own_profile_did_not_sign(signed: Graph) -> None:
    profile, config = signed.one(PROFILE, "signing"), signed.one(CONFIG, "signing")
    assert profile.inputs["platformId"] == "AWSLambda-SHA384-ECDSA"
    assert config.inputs["policies"] == {"untrustedArtifactOnDeployment": "Enforce"}
    assert config.inputs["allowedPublishers"] == {
        "signingProfileVersionArns": [profile.outputs["versionArn"]]
    }
    functions = signed.all(FUNCTION)
    assert {function.name for function in functions} == FUNCTIONS
    for function in functions:
        assert function.inputs["codeSigningConfigArn"] == config.outputs["arn"]


def test_every_job_signs_the_exact_version_of_its_upload(signed: Graph) -> None:
    jobs = signed.all(JOB)
    assert {job.name for job in jobs} == FUNCTIONS
    for job in jobs:
        upload = signed.one(UPLOAD, job.name)
        assert upload.inputs["key"].startswith("unsigned/")
        assert job.inputs["source"]["s3"] == {
            "bucket": upload.inputs["bucket"],
            "key": upload.inputs["key"],
            "version": upload.outputs["versionId"],
        }
        assert job.inputs["destination"]["s3"] == {
            "bucket": upload.inputs["bucket"],
            "prefix": "signed/",
        }
        assert job.property_dependencies["source"] == {upload.urn}
        assert signed.one(VERSIONING, "store-artefacts").urn in upload.dependencies
        assert job.property_dependencies["profileName"] == {signed.one(PROFILE, "signing").urn}


def test_every_function_runs_the_signed_object_and_names_nothing_of_the_unsigned_one(
    signed: Graph,
) -> None:
    for function in signed.all(FUNCTION):
        job = signed.one(JOB, function.name)
        (made,) = job.outputs["signedObjects"]
        assert function.inputs["s3Key"] == made["s3s"][0]["key"]
        assert function.inputs["s3Bucket"] == made["s3s"][0]["bucket"]
        assert job.urn in function.property_dependencies["s3Key"]
        assert not {"code", "sourceCodeHash", "s3ObjectVersion"} & set(function.inputs)
        assert ARCHIVE_DIGEST not in str(function.inputs)


def test_the_local_stack_signs_nothing_and_runs_its_archives_as_they_were_built() -> None:
    local = graph_of("local")
    for type_ in (PROFILE, CONFIG, JOB):
        local.none(type_)
    for function in local.all(FUNCTION):
        assert "codeSigningConfigArn" not in function.inputs
        assert not function.inputs["s3Key"].startswith(("unsigned/", "signed/"))


def inputs(graph: Graph, *types: str) -> dict[tuple[str, str], Any]:
    """What these resources are made from, without the file on this machine."""

    def told(resource: Resource) -> dict[str, Any]:
        return {key: value for key, value in resource.inputs.items() if key != "source"} | (
            {"source": resource.inputs["source"]} if resource.type == JOB else {}
        )

    return {(r.type, r.name): told(r) for type_ in types for r in graph.all(type_)}


def test_unchanged_source_gives_the_same_upload_job_and_function() -> None:
    types = (UPLOAD, JOB, FUNCTION, PROFILE, CONFIG)
    assert inputs(run("prod"), *types) == inputs(run("prod"), *types)


def test_one_changed_archive_is_another_upload_another_job_and_another_key_for_its_function() -> (
    None
):
    def changed(function: str, **target: str) -> Package:
        package = unbuilt(function, **target)
        return replace(package, sha256=OTHER_DIGEST) if function == "predict" else package

    types = (UPLOAD, JOB, FUNCTION, PROFILE, CONFIG)
    before, after = inputs(graph_of("prod"), *types), inputs(run("prod", archive=changed), *types)
    differing = {
        (type_, name): {key for key, value in after[type_, name].items() if value != told[key]}
        for (type_, name), told in before.items()
        if after[type_, name] != told
    }
    assert differing == {
        (UPLOAD, "serving-predict"): {"key"},
        (JOB, "serving-predict"): {"source"},
        (FUNCTION, "serving-predict"): {"s3Key"},
    }


def test_another_publisher_is_listed_beside_our_own() -> None:
    config = copy.deepcopy(stack_file("prod"))
    config["warmline:functions"]["extra_publishers"] = [PUBLISHER]
    graph = run("prod", config)
    assert graph.one(CONFIG, "signing").inputs["allowedPublishers"] == {
        "signingProfileVersionArns": [
            graph.one(PROFILE, "signing").outputs["versionArn"],
            PUBLISHER,
        ]
    }


def test_the_longest_stack_name_makes_a_profile_name_that_the_signer_takes() -> None:
    graph = run(f"{'s' * 20}-{'s' * 19}", stack_file("dev"))
    given = graph.one(PROFILE, "signing").inputs
    assert "name" not in given
    assert re.fullmatch(r"[A-Za-z0-9_]{2,38}", given["namePrefix"])


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("warmline-dev", "warmline_dev_"),
        ("a.b c/d", "a_b_c_d_"),
        ("straße", "stra_e_"),
        ("x" * 60, f"{'x' * 37}_"),
    ],
)
def test_what_a_profile_may_not_be_called_becomes_an_underscore(name: str, prefix: str) -> None:
    assert profile_prefix(name) == prefix
