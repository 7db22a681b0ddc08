"""Buckets: each has every side resource, once, and nothing inline."""

import pytest

from components.packaging import ROOT
from tests.harness import Graph

pytestmark = pytest.mark.graph

SIDES = (
    "BucketLifecycleConfiguration",
    "BucketOwnershipControls",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketServerSideEncryptionConfiguration",
    "BucketVersioning",
)


def names(graph: Graph, kind: str) -> list[str]:
    return [r.name for r in graph.resources if r.type.endswith(f":{kind}")]


def test_no_old_bucket_class_is_used() -> None:
    for path in (ROOT / "components").rglob("*.py"):
        text = path.read_text()
        assert "BucketV2" not in text, path
        assert "ConfigurationV2" not in text, path


def test_a_bucket_carries_only_tags_and_force_destroy(graph: Graph) -> None:
    for bucket in graph.all("aws:s3/bucket:Bucket"):
        assert set(bucket.inputs) == {"forceDestroy", "tags"}, bucket.urn


@pytest.mark.parametrize("side", SIDES)
def test_a_bucket_has_exactly_one_of_each_side_resource(graph: Graph, side: str) -> None:
    assert sorted(names(graph, side)) == sorted(names(graph, "Bucket"))


def test_every_bucket_is_private_versioned_and_owned_by_the_account(graph: Graph) -> None:
    for block in graph.all("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"):
        assert [v for v in block.inputs.values() if v is True] == [True] * 4
    for versioning in graph.all("aws:s3/bucketVersioning:BucketVersioning"):
        assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}
    for controls in graph.all("aws:s3/bucketOwnershipControls:BucketOwnershipControls"):
        assert controls.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_reads_of_models_and_archives_are_logged_elsewhere(graph: Graph) -> None:
    log_bucket = graph.one("aws:s3/bucket:Bucket", "store-access-logs").outputs["bucket"]
    logging = graph.all("aws:s3/bucketLogging:BucketLogging")
    assert [r.name for r in logging] == ["store-artefacts", "store-models"]
    assert {r.inputs["targetBucket"] for r in logging} == {log_bucket}
    assert len({r.inputs["targetPrefix"] for r in logging}) == len(logging)


def test_old_versions_half_uploads_and_access_logs_go_away(dev: Graph) -> None:
    rules = {
        r.name: r.inputs["rules"][0]
        for r in dev.all("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    }
    assert rules["store-access-logs"]["expiration"] == {"days": 30}
    assert "expiration" not in rules["store-models"]
    for rule in rules.values():
        assert rule["status"] == "Enabled"
        assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}
        assert rule["noncurrentVersionExpiration"]["noncurrentDays"] >= 1


def test_prod_keeps_its_models(prod: Graph) -> None:
    models = prod.one("aws:s3/bucket:Bucket", "store-models")
    assert models.protect
    assert models.inputs["forceDestroy"] is False
