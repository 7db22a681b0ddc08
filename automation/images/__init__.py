"""Container images of functions: who signed them, and whether one may be deployed."""
