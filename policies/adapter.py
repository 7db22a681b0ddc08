"""Turns a rule into what the Pulumi SDK runs."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi_policy
from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policies.props import Resource, Stack
from policies.rule import Rule, Severity
from policies.verdict import NotApplicable, Verdict, Violation


def policy(rule: Rule) -> ResourceValidationPolicy | StackValidationPolicy:
    """The rule under its id, with its limits as the configuration it accepts."""
    common: dict[str, Any] = {
        "name": rule.id,
        "description": rule.why,
        "enforcement_level": level(rule.severity),
        "config_schema": _schema(rule.limits),
        "severity": pulumi_policy.Severity(rule.severity.value),
        "remediation_steps": rule.fix,
    }
    if rule.needs_stack:
        return StackValidationPolicy(validate=_on_stack(rule), **common)
    return ResourceValidationPolicy(validate=_on_resource(rule), **common)


def level(severity: Severity) -> EnforcementLevel:
    return EnforcementLevel.ADVISORY if severity is Severity.LOW else EnforcementLevel.MANDATORY


def _on_resource(rule: Rule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(args.props, token=args.resource_type, name=args.name, urn=args.urn)
        verdict = rule.evaluate(resource, **args.get_config())
        _tell(rule, resource, verdict, report)
        if isinstance(verdict, NotApplicable):
            args.not_applicable(verdict.why)

    return validate


def _on_stack(rule: Rule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = Stack(tuple(_resource(each) for each in args.resources))
        deferred: UnknownValueError | None = None
        for resource in stack.resources:
            try:
                verdict = rule.evaluate(resource, stack, **args.get_config())
            except UnknownValueError as error:
                deferred = error
                continue
            _tell(rule, resource, verdict, report)
        if deferred:
            raise deferred

    return validate


def _tell(rule: Rule, resource: Resource, verdict: Verdict, report: ReportViolation) -> None:
    if isinstance(verdict, Violation):
        for problem in verdict.problems:
            report(rule.message(resource, problem), resource.urn)


def _resource(each: PolicyResource) -> Resource:
    return Resource(
        each.props,
        token=each.resource_type,
        name=each.name,
        urn=each.urn,
        references={
            key: frozenset(other.urn for other in others)
            for key, others in each.property_dependencies.items()
        },
    )


def _schema(limits: Mapping[str, Any]) -> PolicyConfigSchema | None:
    if not limits:
        return None
    return PolicyConfigSchema({name: _kind(default) for name, default in limits.items()})


def _kind(default: object) -> dict[str, Any]:
    if isinstance(default, bool):
        return {"type": "boolean"}
    if isinstance(default, int | float):
        return {"type": "number"}
    if isinstance(default, str):
        return {"type": "string"}
    return {"type": "array", "items": {"type": "string"}}
