"""Checking somebody's written review: each claim of it is held against the code."""
