"""The health function: answers without a token, and without touching a model."""
