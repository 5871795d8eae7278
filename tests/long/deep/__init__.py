"""The deep profile: random instances through T1 to T11 for as long as it is told.

``python -m tests.long.deep --instances 1000000`` or ``--minutes 60``.
"""
