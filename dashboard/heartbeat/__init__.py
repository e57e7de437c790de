"""The heartbeat of the whole: one register of parts, looked at by `ecc doctor`, the wall's layout 9, `/metrics` and the system line."""
