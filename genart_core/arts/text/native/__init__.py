"""Steps of a text model in C, compiled once where there is a compiler; not needed."""
