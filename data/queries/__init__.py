"""The only readers: each takes a session and a `Sight` and returns rows already masked for that viewer."""
