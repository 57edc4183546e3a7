"""What is read, how one gets there, and what becomes of it; no stream is known by name."""
