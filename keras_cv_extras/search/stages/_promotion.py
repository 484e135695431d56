"""Promotion: the best third of the policies is scored twice more, so that luck counts less."""

NUM_REPEATS = 2  # further trainings of a promoted trial
PROMOTED = 3  # one trial of so many is promoted, the rate of successive halving


def promoted_of(trials: int) -> int:
    """Returns how many of some trials are promoted."""
    return -(-trials // PROMOTED)
