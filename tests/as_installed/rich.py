"""A court's machine has no rich, our tests' libraries bring one: structlog would take a fifth of a second of each start to import it."""

raise ImportError("not installed at a court")
