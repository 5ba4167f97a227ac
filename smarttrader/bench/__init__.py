"""`make bench`: how fast we are, as ratios to the raw database in the same run."""
