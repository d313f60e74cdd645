"""DeepDream: gradient ascent on a picture, at several scales."""
