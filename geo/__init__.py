"""Where things are: coordinates, fixes, fences, districts, roads. Pure geometry.

It knows WGS 84 degrees (latitude before longitude), metres and seconds; other datums exist only in `coordinates`. It must not know a
clock, a database, a network, the environment or any other room, and touches files only in `layers`, `osm_extract`, `spool`, `tiles` and
`basemap`, whose paths it is given.
"""
