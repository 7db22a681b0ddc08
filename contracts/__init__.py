"""What rooms agree on. Standard library only: these modules travel into every function's archive."""
