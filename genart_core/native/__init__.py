"""Inner loops in C, compiled once where there is a compiler; none of them is needed."""
