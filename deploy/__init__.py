"""What takes the service to other machines, and what checks it."""
