"""Words for people, in logs, problems and at the terminal."""


def counted(number: int, noun: str) -> str:
    """Return how many there are."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
