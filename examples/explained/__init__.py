"""Makes the pictures of docs/explanation, each from what the program itself does."""
