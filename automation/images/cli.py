"""`warmline images`: sign an image, and say who signed one."""

from typing import Annotated

import typer

from automation.models.stack import connect
from automation.terminal import OUT, JsonOption, StackOption, YesOption, confirmed, print_json, told

app = typer.Typer(
    name="images",
    help="Container images of functions, and who signed them.",
    no_args_is_help=True,
    add_completion=False,
)
Uri = Annotated[
    str, typer.Argument(metavar="IMAGE", help="URI in ECR with the digest: ...@sha256:...")
]


@app.command()
def sign(
    image: Uri, stack: StackOption = "local", as_json: JsonOption = False, yes: YesOption = False
) -> None:
    """Put a signature beside an image, with the first of the stack's image signing keys."""
    from automation.images import check, registry, signatures

    confirmed(stack, yes)
    with told("images sign"):
        found, where = connect(stack), registry.Image.parse(image)
        signer = check.signer_of(found)
        signatures.sign(where, check.repository_of(found, where), signer)
    if as_json:
        print_json({"image": image, "key": signer.key})
    else:
        OUT.print(f"{image} is signed with key {signer.key}.", soft_wrap=True)


@app.command()
def verify(image: Uri, stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Say which of the stack's keys signed an image; exits 1 where none did."""
    from automation.images.check import check

    with told("images verify"):
        key = check(connect(stack), image)
    if as_json:
        print_json({"image": image, "key": key})
    else:
        OUT.print(f"{image} is signed with key {key}.", soft_wrap=True)
