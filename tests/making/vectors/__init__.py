"""Generates the test vectors: ``python -m tests.making.vectors`` writes them again."""
