"""Repairs that need no thought: the change of the text that makes a finding go, and nothing else.

Each file has those of one kind. A repair is only proposed here; `repairing` reviews what would become of the program,
and takes those alone whose finding is gone afterwards.
"""
