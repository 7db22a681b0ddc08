"""Every wildcard in our policy documents, with the reason. A test fails for one not listed here,
and for a row that nothing uses. No action that a policy grants is ever a wildcard.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Wildcard:
    sid: str
    """The statement that has it."""
    element: Literal["Resource", "Principal", "Action"]
    shape: str
    """How the value ends."""
    reason: str


_DENIALS = (
    "DenyWithoutTls",
    "DenyOtherEncryption",
    "DenyOtherKey",
    "DenyUnnamedKey",
    "DenyCallersKey",
    "DenyLossOfState",
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
        sid="CallThroughEndpoints",
        element="Resource",
        shape="/*",
        reason="Every stage and method of one API: which methods it has, and what each asks for, "
        "says the API itself.",
    ),
    Wildcard(
        sid="CallThroughEndpoints",
        element="Principal",
        shape="*",
        reason="Callers have tokens and no IAM identity; the statement holds for those alone who "
        "come through the VPC endpoints that it names.",
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
    Wildcard(
        sid="CallFromThisVpc",
        element="Resource",
        shape=":*",
        reason="The private APIs of this account and region, which come after their endpoint and "
        "name it in policies of their own.",
    ),
    Wildcard(
        sid="CallFromThisVpc",
        element="Principal",
        shape="*",
        reason="Callers with a token are nobody to IAM; the condition holds them to the VPC, and "
        "the API's authorizer judges the token.",
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
            "UseThroughIam",
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
        for sid in (*_DENIALS, "DenyOtherWaysIn", "DenyOtherEndpoints")
    ),
    Wildcard(
        sid="DenyOtherEndpoints",
        element="Resource",
        shape="/*",
        reason="A refusal that must hold for every stage and method of the API.",
    ),
    Wildcard(
        sid="DenyLossOfBucket",
        element="Principal",
        shape="*",
        reason="A refusal that must hold for everyone.",
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape="*",
            reason="Names and ids are made up at creation, and many of these actions know no "
            "resource; the region or the request's tags narrow it.",
        )
        for sid in (
            *("SeeSettings", "SeeAliases", "LookUp", "ChangeStack", "ChangeNetwork"),
            *("ChangeMappings", "MakeKeys", "MakeAndSeeKeys", "UseKeysThroughServices"),
        )
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape="/*",
            reason="Roles are named at creation; the path is the stack's own.",
        )
        for sid in (
            *("SeeRoles", "GrantWithinBoundary", "ManageOwnRoles", "PassOwnRoles"),
            "SeeAndManageRoles",
        )
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape=":budget/*",
            reason="A budget is named at creation; an account has few, and they change nothing.",
        )
        for sid in ("SeeBudgets", "ChangeBudgets", "StayWithinBudgets")
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape=shape,
            reason="Names are made up at creation and begin with the logical name, or with project "
            "and stack; ids of mappings and signing configurations have no name.",
        )
        for sid, shapes in {
            "SeeImages": ("-*",),
            "ChangeNamed": ("-*", ":*", "*"),
            "StayWithinNames": ("-*", ":*", "*"),
            "ManageAliases": ("-*",),
            "NameKeys": ("-*",),
        }.items()
        for shape in shapes
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape=":::change/*",
            reason="A change of records has an id that Route 53 makes up.",
        )
        for sid in ("SeeRecords", "ChangeRecords", "StayWithinZone")
    ),
    Wildcard(
        sid="LinkServices",
        element="Resource",
        shape="role/aws-service-role/*",
        reason="The service names its own role; iam:AWSServiceName says which service.",
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape="/*",
            reason="Ids of keys are made up at creation; each key's own policy says through which "
            "service it is used.",
        )
        for sid in (
            *("SeeKeys", "SeePublicKeys", "StartKeys", "ManageKeys", "ManageAliases"),
            *("NameKeys", "UseKeys"),
        )
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape="/.pulumi/*",
            reason="The engine names the objects of its state; all of them are below this prefix.",
        )
        for sid in ("ReadState", "WriteState")
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape="*",
            reason="A boundary grants nothing; the resources are those of the policies under it.",
        )
        for sid in ("StayWithinServices", "StayInRegion")
    ),
    *(
        Wildcard(
            sid=sid,
            element="Action",
            shape=shape,
            reason="A boundary grants nothing: it is the most that policies with exact actions can "
            "reach, and IAM takes no more than 6,144 characters of it.",
        )
        for sid, shapes in {
            "StayWithinNames": (":*",),
            "StayWithinServices": (
                *(":*", "logs:*Deliver*", "logs:*ResourcePolic*", "lambda:*EventSourceMapping"),
                "logs:*QueryDefinition",
            ),
            "StayInRegion": (":*",),
            "SeeAndManageRoles": ("iam:GetRole*", "iam:List*"),
            "StayWithinBudgets": (":*",),
            "StayWithinZone": (":*",),
            "NameKeys": ("kms:*Alias",),
            "MakeAndSeeKeys": ("kms:Describe*", "kms:Get*", "kms:List*"),
        }.items()
        for shape in shapes
    ),
    *(
        Wildcard(
            sid=sid,
            element="Action",
            shape=shape,
            reason="A refusal that must hold for every action of its kind, also for those to come.",
        )
        for sid, shapes in {
            "DenyMachines": ("ec2:*Fleet*", "ec2:*Instance*", "ec2:*Spot*"),
            "DenyChangesOfStateBucket": ("s3:DeleteBucket*", "s3:PutBucket*"),
            "DenyChangesOfStateKeys": (
                *("kms:*Alias", "kms:*agResource", "kms:Disable*", "kms:Put*"),
                *("kms:Schedule*", "kms:Update*"),
            ),
        }.items()
        for shape in shapes
    ),
    *(
        Wildcard(
            sid=sid,
            element="Resource",
            shape="*",
            reason="A refusal that must hold for every machine.",
        )
        for sid in ("DenyMachines",)
    ),
)
