"""Pictures drawn by a generator that learned by deceiving a discriminator."""
