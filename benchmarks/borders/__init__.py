"""Bad requests and damaged pictures against a running service: what it must withstand."""
