"""Where things are: coordinates, fixes, fences, districts. Pure geometry: no clock, no network, no database, no room above."""
