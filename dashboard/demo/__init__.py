"""The demonstration: simulated devices, the script of its day, its director, its start."""
