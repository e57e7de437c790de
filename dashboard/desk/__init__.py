"""The duty officer's desk: what waits, what can be done about it, and the walls it steers."""
