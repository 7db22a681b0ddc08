"""What the program makes on AWS and never on the laptop."""

AWS_ONLY = frozenset(
    {
        "aws:lambda/codeSigningConfig:CodeSigningConfig",
        "aws:signer/signingJob:SigningJob",
        "aws:signer/signingProfile:SigningProfile",
    }
)
"""The emulator's signer writes a receipt in place of a signed archive, so the settings refuse code
signing where the laptop cloud answers.
"""
AWS_ONLY_INPUTS = frozenset({"codeSigningConfigArn"})
