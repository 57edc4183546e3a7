"""What the tap costs beside what anyone would write first; `make bench` runs it."""
