"""One folder per art: listing this folder shows everything the service can make."""
