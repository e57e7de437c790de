"""The only writers: one function a verb. Each takes a `Work`, checks the rules, changes rows, records events."""
