"""Pictures from a variational autoencoder."""
