"""How is a file written whole or not at all, and read once and within limits?

To read: ``writing`` (a file is replaced whole), ``reading`` (a source is opened once), ``locking``
(one process at a time).
"""
