"""`warmline bootstrap`: looks at everything first, refuses what it may not touch, then makes."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from automation.bootstrap.step import Outcome, Step, absent_as_none
from automation.bootstrap.steps import steps
from automation.bootstrap.wanted import Bootstrap
from automation.clients import Clients
from automation.errors import Failure
from automation.images.registry import Image
from automation.workspace import LOCAL, NAMESPACE, read_stack_file, region_of
from components.account import Account
from components.documents.footing import Footing
from components.tags import Tags

Show = Callable[[str], None]
_OWNER, _NAME = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", r"[A-Za-z0-9._-]+"
REPOSITORY = re.compile(rf"{_OWNER}/{_NAME}|{_OWNER}@[0-9]+/{_NAME}@[0-9]+")
BRANCH = re.compile(r"[A-Za-z0-9._/-]+")
ENVIRONMENT = re.compile(r"[A-Za-z0-9._-]+")
BUCKET_NAME_CHARACTERS = 63  # S3, naming rules, 2026-11


@dataclass(frozen=True, kw_only=True)
class Bootstrapped:
    """What was there and what was made, and what goes into files."""

    stack: str
    account: str
    region: str
    dry_run: bool
    steps: list[dict[str, str]]
    """Each with `what` and `outcome`."""
    backend_url: str
    secrets_provider: str
    role_boundary: str
    roles: dict[str, str]
    """plan and apply -> ARN."""

    @property
    def unchanged(self) -> bool:
        return all(step["outcome"] == Outcome.UNCHANGED for step in self.steps)


def bootstrap(
    stack: str,
    *,
    repository: str,
    branch: str,
    environment: str | None,
    dry_run: bool,
    show: Show,
    shared_account: bool = False,
) -> Bootstrapped:
    """Raises `Failure`, before anything is changed, with all that stands in the way."""
    source = read_stack_file(stack)
    check_words(stack, repository=repository, branch=branch, environment=environment)
    clients = Clients(region=region_of(source))
    wanted = Bootstrap(
        footing=reaching(footing_of(stack, clients), source["config"]),
        repository=repository,
        branch=branch,
        environment=environment,
        tags=tags_of(stack, source["config"]),
        shared_account=shared_account,
        clients=clients,
        rest_api=(source["config"].get(f"{NAMESPACE}:api") or {}).get("kind") == "rest",
    )
    return made(wanted, dry_run=dry_run, show=show)


def made(wanted: Bootstrap, *, dry_run: bool, show: Show) -> Bootstrapped:
    """Look, then make what is missing; in a dry run only look."""
    footing, todo = wanted.footing, steps(wanted)
    refuse(footing.stack, todo, other_stacks(wanted))
    outcomes = []
    for step in todo:
        outcome = step.outcome()
        if outcome is not Outcome.UNCHANGED:
            show(f"{outcome if not dry_run else f'to be {outcome}'}: {step.what}")
            if not dry_run:
                step.write()
        outcomes.append({"what": step.what, "outcome": str(outcome)})
    return Bootstrapped(
        stack=footing.stack,
        account=footing.account.id,
        region=footing.account.region,
        dry_run=dry_run,
        steps=outcomes,
        backend_url=footing.backend_url,
        secrets_provider=footing.secrets_provider,
        role_boundary=footing.boundary_arn,
        roles={
            "plan": footing.iam(f"role/{footing.plan}"),
            "apply": footing.iam(f"role/{footing.apply}"),
        },
    )


def other_stacks(to: Bootstrap) -> list[str]:
    """What IAM cannot keep a pipeline from is of one trust domain with it: a stack's account."""
    if to.shared_account:
        return []
    own, name = to.footing.apply, re.compile(rf"{re.escape(to.footing.project)}-(.+)-apply")
    pages = to.clients("iam").get_paginator("list_roles").paginate()
    found = [role["RoleName"] for page in pages for role in page["Roles"]]
    return [
        f"account {to.footing.account.id} has the pipeline of stack {match[1]} (role {role}); "
        "who may push to one of two stacks of an account reaches much of the other "
        "(docs/threat-model.md). Take an account for each, or say --shared-account"
        for role in sorted(found)
        if role != own and (match := name.fullmatch(role))
    ]


def refuse(stack: str, todo: list[Step], besides: Sequence[str] = ()) -> None:
    """Everything that may not be touched, at once."""
    problems = list(besides)
    for step in todo:
        found = absent_as_none(step.read)
        if found and (reason := step.against(found)):
            problems.append(reason)
    if problems:
        raise Failure(
            "nothing was changed: " + "\n".join(problems),
            f"Mend that, then look with: warmline bootstrap --stack {stack} --dry-run ...",
        )


def check_words(stack: str, *, repository: str, branch: str, environment: str | None) -> None:
    """What goes into a role's trust is a whole name: a pattern there lets others in."""
    problems = []
    if stack == LOCAL:
        problems.append("--stack is local; the laptop keeps its state in its home")
    if not REPOSITORY.fullmatch(repository):
        problems.append(
            f"--repository is {repository!r}; it must be OWNER/NAME, or "
            "OWNER@ID/NAME@ID where GitHub puts the ids into a token's subject, as it does for "
            "repositories made or renamed since 2026-07-15"
        )
    if not BRANCH.fullmatch(branch):
        problems.append(f"--branch is {branch!r}; it must be one branch's whole name")
    if environment is not None and not ENVIRONMENT.fullmatch(environment):
        problems.append(
            f"--environment is {environment!r}; letters, digits, '.', '_' and '-' are possible, "
            "because GitHub encodes others in a token's subject"
        )
    if problems:
        raise Failure("\n".join(problems), "Say it anew: warmline bootstrap --help")


def reaching(footing: Footing, config: Mapping[str, Any]) -> Footing:
    """With what the stack file names that was there before: the zone of the API's own name, the
    only one whose records change, and the repositories that images are read from."""
    domain = (config.get(f"{NAMESPACE}:api") or {}).get("custom_domain") or {}
    groups = config.get(f"{NAMESPACE}:groups") or []
    named = [(group.get("launch") or {}).get("image") for group in groups]
    images = [Image.parse(uri) for uri in named if uri]
    arns = {
        f"arn:{footing.account.partition}:ecr:{image.region}:{image.account}:repository/"
        f"{image.repository}"
        for image in images
    }
    return replace(footing, zone_id=domain.get("zone_id"), repositories=tuple(sorted(arns)))


def footing_of(stack: str, clients: Clients) -> Footing:
    """For the account that the credentials belong to."""
    caller: dict[str, Any] = clients("sts").get_caller_identity()
    footing = Footing(
        account=Account(
            id=caller["Account"], region=clients.region, partition=caller["Arn"].split(":")[1]
        ),
        project=NAMESPACE,
        stack=stack,
    )
    if len(footing.bucket) > BUCKET_NAME_CHARACTERS:
        raise Failure(
            f"the state bucket of stack {stack} would be {footing.bucket}, "
            f"{len(footing.bucket)} characters; S3 takes {BUCKET_NAME_CHARACTERS}",
            "Give the stack a shorter name.",
        )
    return footing


def tags_of(stack: str, config: dict[str, Any]) -> Tags:
    """As the stack's own resources have them."""
    naming = config.get(f"{NAMESPACE}:naming") or {}
    try:
        return Tags(
            project=NAMESPACE,
            stack=stack,
            environment=str(naming["environment"]),
            owner=str(naming["owner"]),
            cost_centre=str(naming["cost_centre"]),
        )
    except KeyError as error:
        raise Failure(
            f"{NAMESPACE}:naming has no {error} in Pulumi.{stack}.yaml; what is made carries it as "
            "a tag",
            f"Correct Pulumi.{stack}.yaml; docs/settings.md lists the keys.",
        ) from None
