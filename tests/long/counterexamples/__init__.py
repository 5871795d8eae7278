"""Searches for instances with few requests above the number 33/10 + 9/10·ln(1/α) of T12.

``python -m tests.long.counterexamples`` searches a grid of the staggered family of T15, and prints
each smaller instance as it finds it.

``search`` has the grid and the two schedules with which Amin's is compared.
"""
