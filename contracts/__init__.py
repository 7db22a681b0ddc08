"""What rooms agree on. Standard library only: it travels into every function's archive."""
