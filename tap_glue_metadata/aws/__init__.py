"""Talks to AWS; knows nothing of Singer."""
