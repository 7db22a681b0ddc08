"""Checks of what a stack in an account needs: AWS, the engine's state, and its plugins."""

import json
import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from automation.doctor.finding import CannotAsk, Finding, not_asked, ok, problem
from automation.doctor.probes import Probes
from automation.doctor.stack_file import reserved_together, section, source
from automation.errors import Failure
from automation.workspace import region_of

SERVICES = frozenset(
    {"apigateway", "apigatewayv2", "cloudwatch", "cognito-idp", "dynamodb", "ec2", "ecr"}
    | {"efs", "kms", "lambda", "logs", "s3", "signer", "sns", "sqs", "wafv2"}
)
"""Regional services that the program uses, as boto3 names them."""
SIGNING = frozenset({"signer"})
"""Those that it uses only where code is signed."""
SKEW_LIMIT_SECONDS = 300
"""AWS refuses a signature that is older or younger."""
UNRESERVED_EXECUTIONS = 100
"""What Lambda keeps for functions without a reservation, and will not let be reserved."""
NEW_ACCOUNT_EXECUTIONS = 10
ENABLED = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})
CLOCK_ERRORS = re.compile("RequestTimeTooSkewed|RequestExpired|Signature (expired|not yet current)")
UNREACHABLE = (HTTPClientError, NoConnection)
ALLOWED, FORBIDDEN = "aws:allowedAccountIds", "aws:forbiddenAccountIds"
SIGN_IN = (
    "sign in (aws sso login, or new keys in the environment or a profile), then look with: "
    "aws sts get-caller-identity"
)


def reachable(probes: Probes) -> Finding:
    try:
        probes.clock_skew_seconds()
    except UNREACHABLE as error:
        return problem(
            str(error),
            needed="an answer of AWS's STS over HTTPS",
            why="nothing can be deployed to, or asked of, an account that is out of reach",
            action="look at the network, HTTPS_PROXY and AWS_CA_BUNDLE of this shell",
        )
    return ok("STS answers")


def clock(probes: Probes) -> Finding:
    try:
        skew = probes.clock_skew_seconds()
    except UNREACHABLE:
        raise CannotAsk("AWS, whose clock counts, does not answer") from None
    found = f"{abs(skew):.0f} s {'behind' if skew > 0 else 'before'} AWS's"
    if abs(skew) <= SKEW_LIMIT_SECONDS:
        return ok(found)
    return problem(
        found,
        needed=f"at most {SKEW_LIMIT_SECONDS} s off",
        why="AWS refuses every request whose signature is that old or lies ahead",
        action="set the clock: turn on time synchronisation (timedatectl set-ntp true)",
    )


def credentials(probes: Probes) -> Finding:
    try:
        return ok(probes.caller().arn)
    except UNREACHABLE:
        raise CannotAsk("AWS does not answer") from None
    except (BotoCoreError, ClientError) as error:
        if CLOCK_ERRORS.search(str(error)):
            raise CannotAsk("AWS refuses the signature's time, see the clock") from None
        return problem(
            str(error),
            needed="credentials that AWS accepts now",
            why="the engine, its plugins and the other commands sign every request with them",
            action=SIGN_IN,
        )


def account(probes: Probes) -> Finding:
    config = source(probes)["config"]
    allowed, forbidden = _listed(config.get(ALLOWED)), _listed(config.get(FORBIDDEN))
    if not allowed and not forbidden:
        return not_asked(f"the stack file names no account; {ALLOWED} does that")
    caller = _caller(probes)
    if caller not in forbidden and (not allowed or caller in allowed):
        return ok(caller)
    return problem(
        f"credentials of account {caller}",
        needed=f"one of {', '.join(allowed)}" if allowed else f"none of {', '.join(forbidden)}",
        why=f"{ALLOWED if allowed else FORBIDDEN} in Pulumi.{probes.stack}.yaml says so",
        action="take the credentials of the right account (AWS_PROFILE), or correct the file",
    )


def region(probes: Probes) -> Finding:
    name = region_of(source(probes))
    wanted = _services(probes)
    missing = wanted - probes.services_there()
    if not missing:
        return ok(f"{name} has all {len(wanted)} services of the program")
    correct = f"correct aws:region in Pulumi.{probes.stack}.yaml"
    return problem(
        f"{name} is not known to have {', '.join(sorted(missing))}",
        needed="a region with every service that the program uses",
        why="boto3 knows no address of them there",
        action=f"{correct}, or set functions.code_signing: 'off' there"
        if missing == SIGNING
        else correct,
    )


def region_enabled(probes: Probes) -> Finding:
    name = region_of(source(probes))
    if _services(probes) - probes.services_there():
        raise CannotAsk(f"{name} does not have every service, see region")
    status = probes.region_status()
    if status in ENABLED:
        return ok(f"{name} is {status}")
    return problem(
        f"{name} is {status}",
        needed="a region that is enabled in the account",
        why="AWS refuses every request in a region that nobody enabled",
        action=f"aws account enable-region --region-name {name}, or correct aws:region in "
        f"Pulumi.{probes.stack}.yaml",
    )


def lambda_quota(probes: Probes) -> Finding:
    reserved = reserved_together(probes)
    quota = probes.lambda_quota().executions
    if not reserved:
        few = "; as in new accounts, more are answered with 429"
        return ok(
            f"{quota} executions at once, none reserved"
            f"{few if quota <= NEW_ACCOUNT_EXECUTIONS else ''}"
        )
    needed = reserved + UNRESERVED_EXECUTIONS
    if quota >= needed:
        return ok(f"{quota} executions at once; {needed} needed")
    return problem(
        f"{quota} executions at once",
        needed=f"{needed}: groups reserve {reserved}, and {UNRESERVED_EXECUTIONS} "
        "that stay unreserved",
        why="Lambda refuses the reservation otherwise, in the middle of `up`",
        action="ask for more in Service Quotas (Lambda, concurrent executions, L-B99A9384), or "
        f"set groups.*.reserved_concurrency: null in Pulumi.{probes.stack}.yaml",
    )


def backend(probes: Probes) -> Finding:
    try:
        return ok(probes.backend())
    except Failure as failure:
        return problem(
            failure.cause,
            needed="a place where the engine keeps the stack's state",
            why="without it the engine knows neither what exists nor who else is at work",
            action=failure.way_out,
        )


def secrets_provider(probes: Probes) -> Finding:
    section(probes, "protection")
    try:
        return ok(probes.secrets_provider())
    except Failure as failure:
        return problem(
            failure.cause,
            needed="a key of a key service",
            why="`up` refuses a protected stack without one",
            action=failure.way_out,
        )


def aws_plugin(probes: Probes) -> Finding:
    wanted = probes.plugin_wanted()
    installed = {version for name, version in probes.plugins() if name == "aws"}
    if wanted in installed:
        return ok(f"aws {wanted}")
    return problem(
        f"aws {', '.join(sorted(installed))}" if installed else "none for aws",
        needed=f"aws {wanted}",
        why="the program's pulumi-aws has that release, and the engine would have to fetch its "
        "plugin in the middle of `up`",
        action=f"pulumi plugin install resource aws {wanted}",
    )


def _services(probes: Probes) -> frozenset[str]:
    unsigned = section(probes, "functions").get("code_signing") == "off"
    return SERVICES - SIGNING if unsigned else SERVICES


def _caller(probes: Probes) -> str:
    try:
        return probes.caller().account
    except (BotoCoreError, ClientError):
        raise CannotAsk("AWS did not say whose credentials these are, see credentials") from None


def _listed(value: Any) -> list[str]:
    """Account ids as a stack file holds them: a list, one in JSON, or a single one."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return [value]
    if isinstance(value, list):
        return [str(each) for each in value]
    return [str(value)] if isinstance(value, str | int) else []
