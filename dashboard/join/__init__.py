"""The leader's page: knows one call, by one link, on one device; must not know the wall, the desk, or another call."""
