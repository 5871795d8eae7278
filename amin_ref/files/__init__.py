"""How is a file written whole or not at all, and by one process at a time?

To read: ``writing`` (a file is replaced whole), then ``locking`` (one process at a time).
"""
