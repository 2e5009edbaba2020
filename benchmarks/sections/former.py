"""What a user waits for, side by side with the project before anything started warm."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.environments import UnavailableError
from benchmarks.former import FORMER, NOW, Build, former
from benchmarks.memory import resident_mib
from benchmarks.processes import timed
from benchmarks.repeats import Bout, Entry, Result, in_turns, say
from benchmarks.results import Section
from benchmarks.series import OURS, Contest, Target
from benchmarks.sizes import Sizes

_RUN = ["-m", "pipeline", "run", "--no-enable-caching", "--promote-on-tie", "--min-accuracy", "0.3"]
_DOWN = ["-m", "pipeline", "down"]
_MOST = {"up": 0.45, "down": 0.6, "promote": 0.4}
_MOST_IDLE_MIB = 1.2 * 1024


def measure(sizes: Sizes) -> Section:
    """Runs both builds in turns, each in a folder of its own with services of its own."""
    builds = [NOW]
    absent: dict[str, str] = {}
    try:
        builds.append(former())
    except UnavailableError as error:
        absent[FORMER] = str(error)
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(_place(build, sizes)) for build in builds]
        contests = [*_commands(places, sizes), _idle_memory(places[0])]
    told = (replace(contest, absent={**(contest.absent or {}), **absent}) for contest in contests)
    return Section("Against the build before warm starts", tuple(told))


class Place:
    """A folder in which a build's commands run, as a user's would.

    Args:
        build: The build.
        folder: The folder.
        steps: Optimizer steps of a run.
    """

    def __init__(self, build: Build, folder: Path, steps: int) -> None:
        self.who = build.who
        self._build = build
        self._folder = folder
        self._run = [*_RUN, "--train-steps", str(steps)]

    def timed(self, words: list[str]) -> Result:
        """Runs `python WORDS` here."""
        return {"seconds": timed(words, self._folder, self._build)}

    def run(self) -> Result:
        """A run of the pipeline, with the services as they are."""
        return self.timed(self._run)

    def run_from_nothing(self) -> Result:
        """A run that has to start the services."""
        self.timed(_DOWN)
        return self.run()

    def promote(self) -> Result:
        """Gives all traffic to the first version after the second has had it: it was deployed before."""
        self.timed(["-m", "pipeline", "promote", "2"])
        return self.timed(["-m", "pipeline", "promote", "1"])

    def services(self) -> int:
        """The process id of the services."""
        about = self._folder / ".local" / "vertex" / "emulator.json"
        return int(json.loads(about.read_text(encoding="utf-8"))["pid"])


@contextmanager
def _place(build: Build, sizes: Sizes) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "data").symlink_to(build.root / "data")
        place = Place(build, folder, sizes.iris_steps)
        try:
            say(f" two runs of {build.who}, not counted")
            place.run()
            place.run()
            yield place
        finally:
            place.timed(_DOWN)


def _commands(places: list[Place], sizes: Sizes) -> Iterator[Contest]:
    what = f"`python -m pipeline run`, {sizes.iris_steps} steps, nothing from the cache"
    for named, most, does in (
        (f"{what}, the local services up", "up", Place.run),
        (f"{what}, the local services down", "down", Place.run_from_nothing),
        ("`python -m pipeline promote` of a version that was deployed before", "promote", Place.promote),
    ):
        say(f" {named}")
        bout = in_turns([_entry(place, does) for place in places], sizes.long_repeats)
        yield bout.contest(named, "s", "seconds", [Target("at most", _MOST[most], FORMER)])


def _entry(place: Place, does: Callable[[Place], Result]) -> Entry:
    return Entry(place.who, lambda: does(place))


def _idle_memory(place: Place) -> Contest:
    """The memory of all processes of our services after these runs, a version deployed."""
    bout = Bout({OURS: [{"mib": resident_mib(place.services())}]})
    return bout.contest(
        "Idle services after these runs, a version deployed",
        "MiB",
        "mib",
        [Target("at most", _MOST_IDLE_MIB)],
        "Proportional set size of all processes: the services, the libraries kept for warm starts, a model server.",
    )
