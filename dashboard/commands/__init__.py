"""The commands of `ecc`, one file a subject. Everything heavy is imported by the command that needs it."""
