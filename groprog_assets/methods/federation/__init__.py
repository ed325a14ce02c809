"""One analysis over several sites, of which each sends sums and none sends a row."""
