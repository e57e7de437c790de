"""督察: what the inspector reads; must not know wall, desk or the pages of guests."""
