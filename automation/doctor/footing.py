"""Checks of what a stack stands on: its state bucket, the key of its secrets, and the pipeline."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from automation.doctor.finding import Finding, not_asked, ok, problem
from automation.doctor.probes import NetworkUse, Probes
from automation.doctor.stack_file import section, source
from components.documents.footing import GITHUB

AGAIN = "see what differs: warmline bootstrap --stack {} --repository OWNER/NAME --dry-run"
SECRETS_SCHEME = "awskms"


def state_bucket(probes: Probes) -> Finding:
    backend = section(probes, "deployment").get("backend_url")
    parts = urlsplit(str(backend or ""))
    if parts.scheme != "s3":
        return not_asked(
            f"deployment.backend_url is {backend!r}; only a bucket that it names is looked at"
        )
    bucket = probes.state_bucket(parts.netloc)
    wrong = [
        text
        for text, well in {
            "versions are not kept": bucket.versioned,
            "no key of the account's encrypts it": bucket.encrypted_by_own_key,
            "the public access block has a gap": bucket.closed,
        }.items()
        if not well
    ]
    if not wrong:
        return ok(f"{parts.netloc} keeps versions, encrypted, closed to the public")
    return problem(
        f"{parts.netloc}: {', '.join(wrong)}",
        needed="kept versions, a key of the account's, and all four blocks of public access",
        why="the state tells everything of the stack, and a lost one leaves what exists to nobody",
        action=AGAIN.format(probes.stack),
    )


def secrets_key(probes: Probes) -> Finding:
    named = str(source(probes).get("secretsprovider") or "")
    parts = urlsplit(named)
    if parts.scheme != SECRETS_SCHEME:
        return not_asked(
            f"secretsprovider is {named!r}; only a key of AWS's is looked at"
            if named
            else "the stack file names no secretsprovider"
        )
    key = f"{parts.netloc}{parts.path}".lstrip("/")
    state = probes.key_state(key)
    if state == "Enabled":
        return ok(f"{key} is {state}")
    return problem(
        f"{key} is {state}",
        needed="a key that is Enabled",
        why="without it neither the stack's secrets nor its configuration can be read",
        action=f"aws kms cancel-key-deletion and aws kms enable-key, with --key-id {key}"
        if state == "PendingDeletion"
        else f"aws kms enable-key --key-id {key}; one that is not there: correct secretsprovider "
        f"in Pulumi.{probes.stack}.yaml",
    )


def pipeline(probes: Probes) -> Finding:
    """Asked where the stack file says, by its boundary, that a pipeline deploys the stack."""
    boundary = section(probes, "deployment").get("role_boundary")
    if boundary is None:
        return not_asked("deployment.role_boundary is null: no pipeline is said to deploy")
    there = probes.pipeline(str(boundary))
    missing = [
        what
        for what, well in {
            f"the OIDC provider {GITHUB}": there.provider,
            f"the policy {boundary}": there.boundary,
        }.items()
        if not well
    ]
    if not missing:
        return ok(f"{GITHUB} and the boundary are there")
    return problem(
        f"missing: {' and '.join(missing)}",
        needed="both",
        why="without the provider no workflow takes a role; without the policy no role is made",
        action=AGAIN.format(probes.stack),
    )


def gateway_log(probes: Probes) -> Finding:
    """Asked where the front door is a REST API: an HTTP API writes its log without a role."""
    kind = section(probes, "api").get("kind")
    if kind != "rest":
        return ok(f"api.kind is {kind!r}: no role is needed")
    log = probes.gateway_log()
    if log.there:
        return ok(f"API Gateway writes it as {log.role_arn}")
    if log.role_arn:
        return problem(
            f"API Gateway is to write it as {log.role_arn}, which is not there",
            needed="a role that exists",
            why="no access log is written, and no stage that has one can be made",
            action="aws apigateway update-account --patch-operations "
            "op=replace,path=/cloudwatchRoleArn,value=ARN, with a role that API Gateway may take; "
            "or with value= and no ARN, and then warmline bootstrap",
        )
    return problem(
        "API Gateway has no role to write it with",
        needed="one for the account and region, which all its REST APIs share",
        why="`up` ends with 'CloudWatch Logs role ARN must be set in account settings'",
        action=f"warmline bootstrap --stack {probes.stack} --repository OWNER/NAME makes and sets "
        "one; one of your own: aws apigateway update-account",
    )


def network_quotas(probes: Probes) -> Finding:
    """Of what a network of the stack's own takes beside what the account has already."""
    network = section(probes, "network")
    if network.get("kind") != "create":
        return ok(f"network.kind is {network.get('kind')!r}: none is made")
    used = probes.network_use()
    if used.own_vpc:
        return ok("the stack's network is there already")
    short = []
    for name, code, in_use, wanted in _wanted(network, used):
        limit = probes.quota("ec2" if code == ADDRESSES else "vpc", code)
        if limit < in_use + wanted:
            short.append(f"{name}: {in_use} of {limit:g} in use, {wanted} more ({code})")
    if not short:
        return ok("there is room for another VPC and what is in it")
    return problem(
        "; ".join(short),
        needed="room for the stack's network",
        why="AWS refuses it otherwise, in the middle of `up`",
        action="ask for more in Service Quotas by the code in brackets, or name an existing "
        f"network (network.kind) in Pulumi.{probes.stack}.yaml",
    )


VPCS, INTERFACES, ADDRESSES = "L-F678F1CE", "L-DF5E4CA3", "L-0263D0A3"
"""VPCs and network interfaces per region (vpc); Elastic IPs (ec2). Service Quotas, 2026-11."""


def _wanted(network: Mapping[str, Any], used: NetworkUse) -> Iterator[tuple[str, str, int, int]]:
    """(name, code, in use, needed beside)."""
    zones = int(network.get("zones") or 1)
    gateways = {"nat": 1, "nat_per_zone": zones}.get(str(network.get("egress")), 0)
    each_zone = len(network.get("interface_endpoints") or []) + len(network.get("functions") or [])
    yield "VPCs", VPCS, used.vpcs, 1
    yield "network interfaces", INTERFACES, used.interfaces, zones * each_zone + gateways
    if gateways:
        yield "Elastic IPs", ADDRESSES, used.addresses, gateways


GPU_VCPUS = "L-DB2E81BA"
"""Running On-Demand G and VT instances, in vCPUs (ec2). Service Quotas, 2026-11."""


def gpu_quota(probes: Probes) -> Finding:
    wanted = section(probes, "gpu").get("max_vcpus")
    if not isinstance(wanted, int) or wanted == 0:
        return ok("no GPU is declared")
    limit = probes.quota("ec2", GPU_VCPUS)
    if limit >= wanted:
        return ok(f"{limit:g} vCPUs of G and VT instances; {wanted} needed")
    return problem(
        f"{limit:g} vCPUs of G and VT instances",
        needed=f"{wanted}: gpu.max_vcpus in Pulumi.{probes.stack}.yaml",
        why="no node with a GPU starts beyond it, and new accounts have 0",
        action=f"ask for more in Service Quotas (EC2, {GPU_VCPUS}); a person looks at it, in days",
    )
