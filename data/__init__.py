"""What the court knows and may do: rules, tables, the journal, actions, queries. Knows nothing of Redis, pages or sockets."""
