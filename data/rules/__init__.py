"""What is allowed, as pure functions and enums: no clock, no chance, no database, no network. One noun, one file."""
