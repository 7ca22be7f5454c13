"""What goes wrong, at random, while the service is at work."""

import random
import signal
import time
from collections.abc import Callable, Mapping

from tests.faults.house import House

Fault = Callable[[House, random.Random], object]


def cut(house: House, chance: random.Random) -> None:
    """All connections to PostgreSQL break, and none can be made for a moment."""
    if house.line:
        house.line.cut()
        time.sleep(chance.uniform(0, 1))
        house.line.mend()


def lose_answers(house: House, chance: random.Random) -> None:
    """What is committed in this moment, nobody is told: the connections break before the answers."""
    if house.line:
        house.line.lose()
        time.sleep(chance.uniform(0.005, 0.2))
        house.line.cut()
        house.line.mend()


def hold(house: House, chance: random.Random) -> None:
    """PostgreSQL is silent for a while."""
    if house.line:
        house.line.hold()
        time.sleep(chance.uniform(0.1, 2))
        house.line.mend()


def kill_nats(house: House, chance: random.Random) -> None:
    """The broker dies, and comes back after a while."""
    if house.nats:
        house.nats.kill()
        time.sleep(chance.uniform(0, 1))
        house.nats.start()


def freeze_worker(house: House, chance: random.Random) -> None:
    """A worker stands still for longer than others wait, and then goes on as if nothing had been."""
    house.freeze_worker(chance.uniform(0.5, 3))


EVERYWHERE: dict[str, Fault] = {
    "kill an API process": lambda house, _: house.kill_child("api"),
    "kill the worker": lambda house, _: house.kill_child("worker"),
    "kill the second worker": lambda house, _: house.second_worker.kill(),
    "kill the supervisor": lambda house, _: house.supervisor.kill(),
    "stop PostgreSQL at once": lambda house, _: house.signal_postgres(signal.SIGQUIT),
    "kill PostgreSQL": lambda house, _: house.signal_postgres(signal.SIGKILL),
    "freeze the worker": freeze_worker,
}
ON_THE_LINE: dict[str, Fault] = {
    "cut the line to PostgreSQL": cut,
    "lose answers of PostgreSQL": lose_answers,
    "silence PostgreSQL": hold,
}


def faults(house: House) -> Mapping[str, Fault]:
    """What can go wrong in a house."""
    return EVERYWHERE | (ON_THE_LINE if house.line else {}) | ({"kill NATS": kill_nats} if house.nats else {})
