"""The pages before the centre: signing in, one-time links, pairing, the lock. Plain forms; they work without any script."""
