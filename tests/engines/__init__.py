"""Amin inside serving engines; each file skips where its engine is not installed."""
