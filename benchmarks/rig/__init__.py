"""What the service benchmark runs: its processes, the two services beside ours, and the load."""
