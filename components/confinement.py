"""What every role of the program has, whichever component makes it."""

import pulumi
from pulumi import ResourceTransformationArgs, ResourceTransformationResult

ROLE = "aws:iam/role:Role"


def confine_roles(path: str, boundary_arn: str | None) -> None:
    """Roles made from now on lie on `path` and have the boundary; None = no boundary.

    A pipeline that deploys may make no other roles, so none can be forgotten.
    """

    def confined(args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        if args.type_ != ROLE:
            return None
        props = {**args.props, "path": path, "permissions_boundary": boundary_arn}
        return ResourceTransformationResult(props=props, opts=args.opts)

    pulumi.runtime.register_stack_transformation(confined)
