"""What is live: the bus, the doors for devices, the path of a position. Never draws, never decides what is allowed."""
