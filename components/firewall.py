"""The firewall in front of a REST API: a web ACL of AWS WAF, with its log."""

import pulumi
import pulumi_aws as aws

from components.documents.body_limit import above
from components.front_door import FrontDoor, InferenceApiArgs
from components.tags import DataClass
from settings import Firewall

WINDOW_SECONDS = 300
COUNTED_BODY_RULES = (
    *("SizeRestrictions_BODY", "CrossSiteScripting_BODY", "EC2MetaDataSSRF_BODY"),
    *("GenericLFI_BODY", "GenericRFI_BODY"),
)
"""Rules of the common set that look at bodies only count: theirs is a limit of 8 KB, and text that
a model is asked about may well be HTML or a path. Nothing on the way takes a tensor for either."""
_MANAGED = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesCommonRuleSet": COUNTED_BODY_RULES,
    "AWSManagedRulesKnownBadInputsRuleSet": (),
}
"""Rule group of AWS -> its rules that only count."""


def firewall(
    name: str,
    settings: Firewall,
    args: InferenceApiArgs,
    door: FrontDoor,
    parent: pulumi.Resource,
) -> None:
    """Blocks what is too large, comes too often from one address, or looks like an attack."""
    child = pulumi.ResourceOptions(parent=parent)
    acl = aws.wafv2.WebAcl(
        name,
        scope="REGIONAL",
        default_action={"allow": {}},
        rules=[
            _rule(0, name, "body-size", {"block": {}}, _too_large(settings.body_bytes)),
            _rule(1, name, "rate", {"block": {}}, _too_often(settings.requests_per_address)),
            *(
                _rule(priority, name, group, None, _managed(group, counted))
                for priority, (group, counted) in enumerate(_MANAGED.items(), start=2)
            ),
        ],
        visibility_config=_visible(name, "default"),
        tags=args.tags.named(name),
        opts=child,
    )
    aws.wafv2.WebAclAssociation(name, resource_arn=door.stage_arn, web_acl_arn=acl.arn, opts=child)
    log = aws.cloudwatch.LogGroup(
        f"{name}-firewall",
        # WAF takes no other beginning.
        name=f"aws-waf-logs-{args.tags.project}-{args.tags.stack}-{name}",
        retention_in_days=args.log_retention_days,
        kms_key_id=args.log_key_arn,
        tags=args.tags.named(f"{name}-firewall", DataClass.LOGS),
        opts=child,
    )
    aws.wafv2.WebAclLoggingConfiguration(
        name,
        resource_arn=acl.arn,
        log_destination_configs=[log.arn],
        redacted_fields=[
            {"single_header": {"name": "authorization"}},
            {"query_string": {}},
        ],
        opts=child,
    )


def _too_large(body_bytes: int) -> aws.wafv2.WebAclRuleStatementArgsDict:
    """By what the header says: WAF sees the first 16 KB of a body and cannot count the rest."""
    return {
        "regex_match_statement": {
            "regex_string": above(body_bytes),
            "field_to_match": {"single_header": {"name": "content-length"}},
            "text_transformations": [{"priority": 0, "type": "NONE"}],
        }
    }


def _too_often(requests: int) -> aws.wafv2.WebAclRuleStatementArgsDict:
    return {
        "rate_based_statement": {
            "limit": requests,
            "aggregate_key_type": "IP",
            "evaluation_window_sec": WINDOW_SECONDS,
        }
    }


def _managed(group: str, counted: tuple[str, ...]) -> aws.wafv2.WebAclRuleStatementArgsDict:
    return {
        "managed_rule_group_statement": {
            "vendor_name": "AWS",
            "name": group,
            "rule_action_overrides": [
                {"name": rule, "action_to_use": {"count": {}}} for rule in counted
            ],
        }
    }


def _rule(
    priority: int,
    name: str,
    label: str,
    action: aws.wafv2.WebAclRuleActionArgsDict | None,
    statement: aws.wafv2.WebAclRuleStatementArgsDict,
) -> aws.wafv2.WebAclRuleArgsDict:
    """Without an action the rules of a group act as the group says."""
    rule: aws.wafv2.WebAclRuleArgsDict = {
        "name": label,
        "priority": priority,
        "statement": statement,
        "visibility_config": _visible(name, label),
    }
    if action is None:
        rule["override_action"] = {"none": {}}
    else:
        rule["action"] = action
    return rule


def _visible(name: str, label: str) -> aws.wafv2.WebAclVisibilityConfigArgsDict:
    """Counted in CloudWatch; no copies of requests, which have bearer tokens, are kept."""
    return {
        "metric_name": f"{name}-{label}",
        "cloudwatch_metrics_enabled": True,
        "sampled_requests_enabled": False,
    }
