"""`warmline release`: a new code version takes over, watched, and may go back at any moment."""
