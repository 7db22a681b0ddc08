"""What an engine run did, gathered from its event stream: changes, rule results, errors."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation import EngineEvent, OpType

_MARKUP = re.compile(r"<\{%.*?%\}>")
_COULD_NOT_RUN = re.compile(r"^can't run (?:policy|remediation) '")
NOISE = re.compile(
    "Resource monitor has terminated, shutting down$|context canceled$"
    "|an unhandled error occurred: [Tt]he program |an unhandled error occurred: Program exited"
)
"""Errors that only say that there was another error."""
MANDATORY = "mandatory"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
COPIED = frozenset(
    f"aws:apigateway/{token}"
    for token in (
        *("authorizer:Authorizer", "integration:Integration", "method:Method"),
        *("resource:Resource", "response:Response", "restApiPolicy:RestApiPolicy"),
    )
)
"""What a deployment of a REST API is a copy of."""
STILL = frozenset({"same", "read", "refresh"})
"""Operations that leave a resource as it was."""
VERBS = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "same": "unchanged",
}


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """One finding of the policy pack about one resource."""

    rule: str
    level: str
    """`mandatory`, `advisory`, or `could not run` when the rule met a value not known yet."""
    message: str
    urn: str

    @property
    def text(self) -> str:
        """The message, with the rule's id where it does not say it itself."""
        return self.message if self.rule in self.message else f"{self.rule}: {self.message}"

    @property
    def resource(self) -> str:
        """`type name`, or nothing for a rule that looks at the whole stack."""
        parts = self.urn.split("::")
        return f"{parts[2].rsplit('$', 1)[-1]} {parts[3]}" if len(parts) > 3 else ""  # noqa: PLR2004


COULD_NOT_RUN = "could not run"


@dataclass
class Report:
    """Grows while the engine runs; `on_event` is the Automation API's callback."""

    show: Callable[[str], None] = lambda _text: None
    changes: Counter[str] = field(default_factory=Counter)
    """Resources by what the engine did, in its own words, from its summary."""
    resources: dict[str, list[Mapping[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """Type token -> inputs of each resource of the program, components left out; without secrets,
    and with placeholders for what is not known yet."""
    rules: list[RuleResult] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    packs: dict[str, str] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    taken_away: set[str] = field(default_factory=set[str])
    """URNs of parts of REST APIs that were deleted."""
    api_deployments: set[str] = field(default_factory=set[str])
    """URNs of deployments of REST APIs that the program has."""

    def on_event(self, event: EngineEvent) -> None:
        if event.summary_event is not None:
            self.changes = Counter(
                {str(_op(op)): n for op, n in (event.summary_event.resource_changes or {}).items()}
            )
            self.packs = dict(event.summary_event.policy_packs or {})
        elif event.resource_pre_event is not None:
            self._step(event.resource_pre_event.metadata)
        elif event.policy_event is not None:
            found = event.policy_event
            message = plain(found.message)
            level = str(found.enforcement_level)
            if _COULD_NOT_RUN.match(message):
                level = COULD_NOT_RUN
                message = message.partition(" during preview: ")[2] or message
            else:
                # The engine puts the rule's description on a line before what the rule said.
                message = message.partition("\n")[2].strip() or message
            result = RuleResult(
                rule=found.policy_name, level=level, message=message, urn=found.resource_urn or ""
            )
            if result not in self.rules:
                self.rules.append(result)
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            text = plain(event.diagnostic_event.message)
            text = text.removeprefix("error:").strip()
            if event.diagnostic_event.urn:
                kind, name = event.diagnostic_event.urn.split("::")[2:4]
                if kind != "pulumi:pulumi:Stack":
                    text = f"{kind.rsplit('$', 1)[-1]} {name}: {text}"
            if text and text not in self.errors and not NOISE.search(text):
                self.errors.append(text)

    def _step(self, metadata: Any) -> None:
        op, token = _op(metadata.op), str(metadata.type)
        if op in STILL and op != "same":
            return
        if op == "delete" and token in COPIED:
            self.taken_away.add(str(metadata.urn))
        if metadata.new is not None and metadata.new.custom and not token.startswith("pulumi:"):
            if op in {"create", "same", "update", "create-replacement", "import"}:
                self.resources[token].append(metadata.new.inputs or {})
            self.steps[op] += 1
            name = str(metadata.urn).rsplit("::", 1)[-1]
            if token == DEPLOYMENT and op != "delete":
                self.api_deployments.add(str(metadata.urn))
            self.show(f"{sum(self.steps.values())} resources, now {token} {name}")

    @property
    def types(self) -> Counter[str]:
        """How many resources the program has of each type."""
        return Counter({token: len(found) for token, found in self.resources.items()})

    @property
    def outdated(self) -> list[str]:
        """Deployments of REST APIs that still have what was deleted after they were made."""
        parents = {parent_of(urn) for urn in self.taken_away}
        return sorted(urn for urn in self.api_deployments if parent_of(urn) in parents)

    @property
    def unchanged(self) -> bool:
        return not any(n for op, n in self.changes.items() if op not in STILL)

    def of_level(self, level: str) -> list[RuleResult]:
        return [result for result in self.rules if result.level == level]

    def summary(self) -> str:
        """For people: `no changes`, or `48 created, 1 updated`."""
        if self.unchanged:
            return "no changes"
        words = [
            f"{count} {VERBS.get(op, op)}"
            for op, count in sorted(self.changes.items())
            if count and op not in STILL
        ]
        return ", ".join(words)


def parent_of(urn: str) -> str:
    """The types above a resource's own, which a component's children have in common."""
    return urn.split("::")[2].rpartition("$")[0]


def plain(text: str) -> str:
    """The engine's text without its colour marks."""
    return _MARKUP.sub("", text or "").strip()


def _op(op: Any) -> str:
    return op.value if isinstance(op, OpType) else str(op)
