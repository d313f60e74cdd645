"""Text, written character by character by an LSTM language model."""
