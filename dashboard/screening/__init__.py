"""The host of a screening, who clears its clips, and its stage."""
