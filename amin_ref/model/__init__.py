"""What is a request, an instance, a schedule? The values, validated when built.

To read: ``request``, ``instance``, ``schedule``; then ``blocks`` (how tokens fill blocks),
``validation`` and ``errors`` (what is refused, and how), ``json_reading`` (the JSON form).
"""
