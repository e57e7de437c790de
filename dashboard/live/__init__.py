"""`/live`: one socket for rows and positions. A snapshot, then the rows that each event touched, and the newest packed positions.

Rows come from the journal alone: the bus only says sooner that there is something to read. What was touched is spread to the `Scope` of
each distinct Sight, which reads it once for all its viewers.
"""
