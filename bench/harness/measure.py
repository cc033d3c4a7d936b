"""Rounds: every variant once, there and back again, until the base agrees with itself."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.harness.cores import Cores
from bench.harness.figures import Row
from bench.harness.load import Request, WrongAnswerError, send
from bench.harness.proc import cpu_seconds
from bench.harness.servers import App, RunningApp, running

SPREAD = 0.20
"""A set of rounds in which the base leaves its own median by more than this is thrown away."""
CONNECTIONS = 16
DEADLINE = 60.0
"""Seconds for one sample, some fifty times what it takes."""
WARM_UP = 4
"""A fourth of a sample's requests, before the first."""


class UnstableError(Exception):
    """The base did not agree with itself in any set of rounds: the machine is too busy to measure on."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How thoroughly to measure, and where.

    Attributes:
        cores: Who runs where.
        rounds: In a set, one sample of each variant a round.
        attempts: Sets that may be thrown away before giving up, and one more.
        share: Of each variant's requests.
        must_agree: Whether the base has to agree with itself.
    """

    cores: Cores = field(default_factory=Cores.of_this_machine)
    rounds: int = 9
    attempts: int = 3
    share: float = 1
    must_agree: bool = True


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One row: an application and what it is asked.

    Attributes:
        name: Unique in its set.
        app: What is served.
        request: What it is asked.
        count: How many times in a sample: a quarter of a second of CPU or more.
        on: Which layers are on, or what it is.
    """

    name: str
    app: App
    request: Request
    count: int
    on: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Microseconds of CPU a request.

    Attributes:
        server: Of the server's process and all below it.
        beside: Of the database's processes, where one was given.
    """

    server: float
    beside: float | None = None


Sampler = Callable[[str], Sample]
Sets = dict[str, list[Sample]]


def stable_rounds(names: Sequence[str], sample: Sampler, plan: Plan, *, base: str) -> Sets:
    """Samples of all names, in rounds; the set is thrown away and measured again while its base is unstable.

    Raises:
        UnstableError: After the last attempt.
    """
    spreads = []
    for _ in range(plan.attempts):
        found = _rounds(names, sample, plan.rounds)
        costs = [taken.server for taken in found[base]]
        if is_stable(costs) or not plan.must_agree:
            return found
        spreads.append(f"{min(costs):.0f} to {max(costs):.0f} µs")
    raise UnstableError(f"{base} took {', '.join(spreads)} in {plan.attempts} sets of {plan.rounds} rounds")


def is_stable(costs: Sequence[float]) -> bool:
    """Whether no round is further from the median than `SPREAD`."""
    middle = median(costs)
    return max(costs) <= middle * (1 + SPREAD) and min(costs) >= middle * (1 - SPREAD)


def _rounds(names: Sequence[str], sample: Sampler, rounds: int) -> Sets:
    found: Sets = {name: [] for name in names}
    for name in _there_and_back(names, rounds):
        found[name].append(sample(name))
    return found


def _there_and_back(names: Sequence[str], rounds: int) -> Iterator[str]:
    """A B C, C B A, A B C …: a drift of the machine favours none of them."""
    for number in range(rounds):
        yield from names if number % 2 == 0 else reversed(names)


def compare(variants: Sequence[Variant], plan: Plan, *, base: str, beside: int | None = None) -> list[Row]:
    """Serve all variants, measure them in rounds, and end them.

    Args:
        variants: In the order of a round.
        plan: How thoroughly, and where.
        base: Name of the one whose agreement with itself decides whether the set counts.
        beside: Process id of the database they use, whose CPU is reported too.

    Raises:
        UnstableError: The machine is too busy.
        WrongAnswerError: A server did not answer as expected.
    """
    variants = [replace(variant, count=max(int(variant.count * plan.share), 1)) for variant in variants]
    by_name = {variant.name: variant for variant in variants}
    with _all_running(variants, plan.cores) as servers:

        def sample(name: str) -> Sample:
            return _sample(by_name[name], servers[name], beside)

        found = stable_rounds(list(by_name), sample, plan, base=base)
    return [_row(variant, found[variant.name]) for variant in variants]


@contextmanager
def _all_running(variants: Sequence[Variant], cores: Cores) -> Iterator[dict[str, RunningApp]]:
    with ExitStack() as stack:
        top = Path(stack.enter_context(TemporaryDirectory(prefix="lintel-bench-")))
        servers = {}
        for number, variant in enumerate(variants):
            folder = top / str(number)
            folder.mkdir()
            server = stack.enter_context(running(variant.app, variant.request, folder=folder, cores=cores))
            servers[variant.name] = server
        lengths = {
            variant.name: _send(variant.request, servers[variant.name], max(variant.count // WARM_UP, 1))
            for variant in variants
        }
        if len(set(lengths.values())) > 1:
            raise WrongAnswerError(f"the answers to compare differ in length: {lengths}")
        yield servers


def _sample(variant: Variant, server: RunningApp, beside: int | None) -> Sample:
    before, before_beside = cpu_seconds(server.pid), cpu_seconds(beside) if beside else 0.0
    _send(variant.request, server, variant.count)
    spent, spent_beside = cpu_seconds(server.pid) - before, cpu_seconds(beside) - before_beside if beside else 0.0
    each = 1e6 / variant.count
    return Sample(spent * each, spent_beside * each if beside else None)


def _send(request: Request, server: RunningApp, count: int) -> int:
    return send(request, port=server.port, count=count, connections=CONNECTIONS, deadline=DEADLINE)


def _row(variant: Variant, samples: Sequence[Sample]) -> Row:
    beside = [sample.beside for sample in samples if sample.beside is not None]
    return Row(
        name=variant.name,
        on=variant.on,
        samples=[round(sample.server, 1) for sample in samples],
        beside=[round(cost, 1) for cost in beside] or None,
    )
