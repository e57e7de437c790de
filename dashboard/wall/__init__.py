"""The GIS wall: which panel stands where, for eyes six metres away; nothing to hover."""
