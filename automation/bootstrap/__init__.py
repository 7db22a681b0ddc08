"""Makes what stands before a stack in an account: state bucket, keys, and roles for a pipeline."""
