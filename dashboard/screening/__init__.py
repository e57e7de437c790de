"""Screenings of warning education: the host's console at `/centre/screening`, and the stage at `/stage` before an audience.

The stage knows the released clips and nothing else: no case, no person, no notification reaches it.
"""
