"""Style transfer: the content of one picture in the manner of others."""
