"""Examples to run, and the pictures that they run on."""
