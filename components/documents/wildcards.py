"""Every wildcard in our policy documents, with the reason. A test fails for one not listed here,
and for a row that nothing uses. No action is ever a wildcard.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Wildcard:
    sid: str
    """The statement that has it."""
    element: Literal["Resource", "Principal"]
    shape: str
    """How the value ends."""
    reason: str


_DENIALS = (
    "DenyWithoutTls",
    "DenyOtherEncryption",
    "DenyOtherKey",
    "DenyUnnamedKey",
    "DenyCallersKey",
)
WILDCARDS: tuple[Wildcard, ...] = (
    Wildcard(
        sid="SendTraces",
        element="Resource",
        shape="*",
        reason="X-Ray's PutTraceSegments and PutTelemetryRecords know no resource (service "
        "authorization reference, AWS X-Ray).",
    ),
    Wildcard(
        sid="ManageInterfaces",
        element="Resource",
        shape=":*/*",
        reason="Lambda makes and deletes the interfaces itself and asks for the permission before "
        "there is one; a narrower resource keeps functions out of the VPC (Lambda developer "
        "guide, VPC permissions). The function's own code is refused by DenyInterfacesToCode.",
    ),
    Wildcard(
        sid="FindInterfaces",
        element="Resource",
        shape="*",
        reason="EC2's Describe actions know no resource (service authorization reference, EC2).",
    ),
    Wildcard(
        sid="DenyInterfacesToCode",
        element="Resource",
        shape="*",
        reason="A refusal that must hold for every interface.",
    ),
    Wildcard(
        sid="WriteFlowLog",
        element="Resource",
        shape=":*",
        reason="The flow log makes a stream for each interface and picks its name.",
    ),
    Wildcard(
        sid="FindFlowLog",
        element="Resource",
        shape="*",
        reason="Flow logs look their group up in a list of all (VPC user guide, flow logs to "
        "CloudWatch Logs), which tells names alone.",
    ),
    *(
        Wildcard(
            sid="ThisAccountOnly",
            element=element,
            shape="*",
            reason="An endpoint's policy names callers by condition: as a principal, an account "
            "would mean its root user alone (VPC user guide, gateway endpoints). What each "
            "caller may do with which resource is written in its role.",
        )
        for element in ("Resource", "Principal")
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape="*",
            reason="In a key policy `*` means the key that the policy is attached to; there is "
            "no other way to name it (KMS developer guide, key policies).",
        )
        for sid in (
            "AdministerThroughIam",
            "UseThroughService",
            "GrantToService",
            "SignThroughIam",
            "EncryptLogGroups",
            "PublishAlarms",
        )
    ),
    Wildcard(
        sid="WriteLogLines",
        element="Resource",
        shape=":*",
        reason="Lambda makes the log stream and picks its name; the suffix stands for the streams "
        "of one log group.",
    ),
    Wildcard(
        sid="ReadModelFiles",
        element="Resource",
        shape="/models/*",
        reason="Model versions are data, pushed after deployment; the prefix is the narrowest "
        "name that covers them.",
    ),
    Wildcard(
        sid="DeliverAccessLogs",
        element="Resource",
        shape="/*",
        reason="S3 picks the object names of access logs.",
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape="/*",
            reason="A refusal that must hold for every object of the bucket.",
        )
        for sid in _DENIALS
    ),
    *(
        Wildcard(
            sid=sid,
            element="Principal",
            shape="*",
            reason="A refusal that must hold for everyone.",
        )
        for sid in _DENIALS
    ),
)
