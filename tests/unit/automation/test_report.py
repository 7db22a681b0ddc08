"""What is gathered from the engine's events."""

from collections import Counter

import pytest
from pulumi.automation import EngineEvent

from automation.preview import ALLOWED_FILE, allowed_rules, judge
from automation.report import COULD_NOT_RUN, MANDATORY, Report
from policies.pack import RULES

pytestmark = pytest.mark.unit

URN = "urn:pulumi:dev::warmline::warmline:components:ModelStore$aws:s3/bucket:Bucket::models"


def event(**parts: object) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **parts})


def policy(message: str, level: str = "mandatory", rule: str = "s3-versioned") -> EngineEvent:
    return event(
        policyEvent={
            "resourceUrn": URN,
            "message": message,
            "color": "raw",
            "policyName": rule,
            "policyPackName": "warmline",
            "policyPackVersion": "1",
            "policyPackVersionTag": "1",
            "enforcementLevel": level,
        }
    )


def step(op: str, kind: str = "aws:s3/bucket:Bucket", custom: bool = True) -> EngineEvent:
    state = {"type": kind, "urn": URN, "custom": custom, "id": "", "parent": "", "provider": ""}
    state |= {"inputs": {}, "outputs": {}}
    metadata = {"op": op, "urn": URN, "type": kind, "provider": "", "new": state}
    return event(resourcePreEvent={"metadata": metadata})


def summary(**changes: int) -> EngineEvent:
    return event(
        summaryEvent={
            "maybeCorrupt": False,
            "durationSeconds": 1,
            "resourceChanges": changes,
            "PolicyPacks": {"warmline": "1"},
        }
    )


def gathered(*events: EngineEvent) -> Report:
    report = Report()
    for each in events:
        report.on_event(each)
    return report


def test_only_unchanged_resources_make_a_run_without_changes() -> None:
    report = gathered(summary(same=40, read=1))
    assert report.unchanged
    assert report.summary() == "no changes"


def test_one_update_is_a_change_and_is_named() -> None:
    report = gathered(summary(same=40, update=1, create=2))
    assert not report.unchanged
    assert report.summary() == "2 created, 1 updated"


def test_resources_are_counted_by_type_without_components_and_providers() -> None:
    report = gathered(
        step("create"),
        step("same"),
        step("create", "warmline:components:ModelStore", custom=False),
        step("create", "pulumi:providers:aws"),
        step("delete", "aws:sqs/queue:Queue"),
    )
    assert report.types == Counter({"aws:s3/bucket:Bucket": 2})


def test_a_finding_of_a_mandatory_rule_says_which_resource_it_means() -> None:
    told = "<{%reset%}>Why versions matter.\n<{%reset%}>bucket is not versioned. Fix: versioning"
    report = gathered(policy(told))
    (found,) = report.of_level(MANDATORY)
    assert found.message == "bucket is not versioned. Fix: versioning"
    assert found.text == "s3-versioned: bucket is not versioned. Fix: versioning"
    assert found.resource == "aws:s3/bucket:Bucket models"


def test_the_same_finding_told_twice_is_kept_once() -> None:
    assert len(gathered(policy("no"), policy("no")).rules) == 1


def test_an_error_of_a_resource_names_the_resource() -> None:
    diagnostic = {"severity": "error", "message": "error: BucketExists", "urn": URN, "color": "raw"}
    report = gathered(event(diagnosticEvent=diagnostic), event(diagnosticEvent=diagnostic))
    assert report.errors == ["aws:s3/bucket:Bucket models: BucketExists"]


UNRUN = "can't run policy 's3-versioned' from policy pack 'warmline@v1' during preview: unknown"


def test_a_rule_that_could_not_run_is_neither_a_pass_nor_advice() -> None:
    report = gathered(policy(UNRUN, level="advisory"))
    verdict = judge("dev", report, allowed=())
    assert report.of_level(COULD_NOT_RUN)
    assert [r.rule for r in verdict.unchecked] == ["s3-versioned"]
    assert not verdict.advice
    assert not verdict.passes


def test_a_rule_that_could_not_run_passes_when_it_is_allowed_and_is_still_shown() -> None:
    verdict = judge("dev", gathered(policy(UNRUN, level="advisory")), allowed={"s3-versioned"})
    assert verdict.passes
    assert [r.rule for r in verdict.tolerated] == ["s3-versioned"]


def test_allowing_an_unchecked_rule_does_not_excuse_its_violation() -> None:
    verdict = judge("dev", gathered(policy("not versioned")), allowed={"s3-versioned"})
    assert not verdict.passes


def test_an_advisory_finding_does_not_fail_a_preview() -> None:
    verdict = judge("dev", gathered(policy("rather not", level="advisory")), allowed=())
    assert verdict.passes
    assert verdict.as_json()["advice"][0]["rule"] == "s3-versioned"


def test_an_allow_list_has_an_id_a_line_with_its_reason(tmp_path) -> None:
    path = tmp_path / "deferred.txt"
    path.write_text("# ids\n\nkms-key-policy  the account id is unknown in a preview\n")
    assert allowed_rules(path) == {"kms-key-policy"}
    assert allowed_rules(tmp_path / "absent.txt") == set()


def test_every_rule_on_the_committed_allow_list_exists() -> None:
    known = {rule.id for rule in RULES}
    assert allowed_rules(ALLOWED_FILE) <= known
