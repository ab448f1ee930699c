"""What is counted: every metric is a row of `rows`, and `dials` are the counters that stages turn. Nothing here reads a store."""
