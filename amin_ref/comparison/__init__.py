"""How do policies compare on one instance, and over several seeds?

Read ``estimate`` for means with confidence intervals.
"""
