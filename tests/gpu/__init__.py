"""What needs a CUDA device: `python -m tests.gpu`."""
