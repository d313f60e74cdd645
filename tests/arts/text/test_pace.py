"""The choice of threads, for steps whose times the test makes up."""

from collections.abc import Callable

from genart_core.arts.text.pace import TRIAL_STEPS, Pace


class Machine:
    """Steps of made-up times, counted by the threads that they took."""

    def __init__(self, seconds: Callable[[int, int], float], given: int = 2) -> None:
        self.seconds = seconds  # by the number of the stretch and the threads
        self.used: list[int] = []
        self.steps = {1: 0, 2: 0}
        self.pace = Pace(self.used.append)
        self.pace.give(given)

    def go(self, stretches: int) -> None:
        for _ in range(stretches):
            steps = self.pace.begin(100)
            self.steps[self.used[-1]] += steps
            self.pace.end(self.seconds(len(self.used), self.used[-1]))


def test_two_threads_are_taken_where_they_are_faster() -> None:
    machine = Machine(lambda _, threads: 1.0 / threads)

    machine.go(200)

    assert machine.steps[1] < 0.02 * machine.steps[2]
    assert machine.pace.count == 2


def test_one_thread_is_kept_where_two_are_slower() -> None:
    machine = Machine(lambda _, threads: 1.0 * threads**3)

    machine.go(200)

    assert 0 < machine.steps[2] <= TRIAL_STEPS * 10  # a few trials, ever rarer
    assert machine.pace.count == 1


def test_a_change_of_the_machine_is_noticed() -> None:
    machine = Machine(lambda n, threads: 1.0 / threads if n < 100 or n >= 200 else 5.0 * threads)

    machine.go(99)
    assert machine.pace.count == 2
    machine.go(100)
    assert machine.pace.count == 1
    machine.go(100)
    assert machine.pace.count == 2


def test_only_the_threads_that_are_given_are_used() -> None:
    machine = Machine(lambda _, threads: 1.0 / threads, given=1)
    machine.go(100)
    assert set(machine.used) == {1}

    machine.pace.give(2)
    machine.go(10)
    assert machine.pace.count == 2
    machine.pace.give(1)
    machine.go(3)
    assert machine.used[-3:] == [1, 1, 1]


def test_steps_of_other_companies_are_not_compared() -> None:
    machine = Machine(lambda _, threads: float(threads))

    for _ in range(50):
        machine.pace.forget()
        machine.go(1)

    assert set(machine.used) == {1}
