"""The deep profile: T1 to T11 on random instances, for a given time or number of instances.

``python -m tests.long.deep --instances 1000000`` or ``--minutes 60``.
"""
