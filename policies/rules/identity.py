"""Roles may do what they need to named resources, and only named services may take them on."""

from collections.abc import Callable, Iterator

from policies.documents import ANYONE, Statement, names_everything, statements
from policies.props import Resource
from policies.rule import Severity, rule
from policies.tokens import Token
from policies.verdict import Problem, Verdict, judged, not_applicable, ok, problem, violation

_OF_AWS = ":iam::aws:policy/"
PERMISSIONS = (Token.ROLE, Token.ROLE_POLICY, Token.IAM_POLICY)

# Actions for which AWS defines no resource, or asks before there is one, so that a wildcard is the
# only value (Service Authorization Reference; for EC2 the Lambda developer guide; 2026-11).
ACTIONS_WITHOUT_RESOURCE = {
    "ec2:AssignPrivateIpAddresses": "Lambda, for the interfaces of functions in a VPC.",
    "ec2:CreateNetworkInterface": "Lambda, for the interfaces of functions in a VPC.",
    "ec2:DeleteNetworkInterface": "Lambda asks for it on every interface of the account.",
    "ec2:DescribeNetworkInterfaces": "Lambda; EC2 has no resource for what lists.",
    "ec2:DescribeSubnets": "Lambda; EC2 has no resource for what lists.",
    "ec2:UnassignPrivateIpAddresses": "Lambda, for the interfaces of functions in a VPC.",
    "logs:DescribeLogGroups": "Flow logs look their group up in a list of all.",
    "xray:PutTraceSegments": "Active tracing; X-Ray has no resource for segments.",
    "xray:PutTelemetryRecords": "Active tracing; X-Ray has no resource for telemetry.",
}


def _each_statement(
    resource: Resource, problems: Callable[[Statement], Iterator[Problem]]
) -> Verdict:
    """Judges the document of a policy, or all inline documents of a role."""
    holders = [resource]
    if resource.token == Token.ROLE:
        holders = resource.children("inlinePolicies")
        if not holders:
            return not_applicable("the role has no inline policy")
    return judged(
        found
        for holder in holders
        for statement in statements(holder.document("policy"))
        if statement.allows
        for found in problems(statement)
    )


@rule(
    "iam-policy-exact-actions",
    on=PERMISSIONS,
    severity=Severity.CRITICAL,
    why="A wildcard grants actions nobody reviewed, including those AWS adds later.",
    fix="List the actions that the code calls.",
)
def exact_actions(resource: Resource) -> Verdict:
    return _each_statement(resource, _wildcard_action)


def _wildcard_action(statement: Statement) -> Iterator[Problem]:
    if any("*" in action or "?" in action for action in statement.actions):
        yield problem(statement.path("Action"), "has a wildcard")


@rule(
    "iam-policy-exact-resources",
    on=PERMISSIONS,
    severity=Severity.CRITICAL,
    why="A wildcard reaches data of other stacks and tenants in the account.",
    fix="Name the ARNs; only actions for which AWS defines no resource may stand with *.",
)
def exact_resources(resource: Resource) -> Verdict:
    return _each_statement(resource, _wildcard_resource)


def _wildcard_resource(statement: Statement) -> Iterator[Problem]:
    if set(statement.actions) <= ACTIONS_WITHOUT_RESOURCE.keys() and statement.actions:
        return
    if any(names_everything(each) for each in statement.resources):
        yield problem(statement.path("Resource"), "takes in resources that are not named")


@rule(
    "iam-policy-no-negation",
    on=PERMISSIONS,
    severity=Severity.CRITICAL,
    why="Allow with NotAction or NotResource grants everything except a list.",
    fix="Use Action and Resource.",
)
def no_negation(resource: Resource) -> Verdict:
    return _each_statement(resource, _negation)


def _negation(statement: Statement) -> Iterator[Problem]:
    for key in ("NotAction", "NotResource"):
        if statement.uses(key):
            yield problem(statement.path(key), "stands in a statement that allows")


@rule(
    "iam-role-own-policies",
    on=(Token.ROLE, Token.ROLE_ATTACHMENT),
    severity=Severity.HIGH,
    why="Policies that AWS manages grant wildcards, and change without a deployment of ours.",
    fix="Write a policy of the stack with exact actions and resources.",
)
def own_policies(resource: Resource) -> Verdict:
    key = "managedPolicyArns" if resource.token == Token.ROLE else "policyArn"
    if any(_OF_AWS in arn for arn in resource.texts(key)):
        return violation(key, "is a policy that AWS manages")
    return ok()


@rule(
    "iam-trust-named-service",
    on=Token.ROLE,
    severity=Severity.CRITICAL,
    why="Whoever may take on a role has all of its permissions.",
    fix="Principal.Service names the service that uses the role, as lambda.amazonaws.com.",
)
def trust_named_service(role: Resource) -> Verdict:
    allowing = [each for each in statements(role.document("assumeRolePolicy")) if each.allows]
    if not allowing:
        return violation("assumeRolePolicy.Statement", "lets nobody take on the role")
    return judged(found for statement in allowing for found in _trust(statement))


def _trust(statement: Statement) -> Iterator[Problem]:
    if statement.uses("NotPrincipal"):
        yield problem(statement.path("NotPrincipal"), "stands in a statement that allows")
    elif any(ANYONE in name for _, name in statement.principals):
        yield problem(statement.path("Principal"), "has a wildcard")
    elif not any(kind == "Service" for kind, _ in statement.principals):
        yield problem(statement.path("Principal"), "names no service")
    elif any(kind != "Service" for kind, _ in statement.principals):
        yield problem(statement.path("Principal"), "names others beside the service")
