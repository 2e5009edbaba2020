"""What a keeper asks for, and whether a fork of this process would do as well as a fresh one."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from emulator import keeper
from emulator.warm.program import Program, program_of

# A request comes whole from a process of this machine, which has it ready.
PATIENCE_S = 5.0
LONGEST = 64 << 20
_LENGTH = struct.Struct("!Q")
# Variables that libraries do not read while they are loaded: those of Vertex AI's containers, of the object store that
# the emulator brings, and of processes.
_FREE = frozenset(
    {"CLUSTER_SPEC", "TF_CONFIG", "TMPDIR", "PATH", "PWD", "OLDPWD", "SHLVL", "_", "no_proxy", "NO_PROXY"}
    | {"STORAGE_EMULATOR_HOST", "VERTEX_EMULATOR_HOST", keeper.KEEPER}
    | {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "FSSPEC_GCS_TOKEN"}
)
_FREE_FAMILIES = ("AIP_", "CLOUD_ML_", "VERTEX_AI_")


class UnsuitedError(Exception):
    """A fork would not do as well as a fresh process, for the reason that is told."""


@dataclass(frozen=True)
class Request:
    """What a keeper asks for.

    Attributes:
        words: The command.
        environment: Its environment.
        folder: The working folder.
        umask: That of its files.
        grace_s: Seconds between SIGTERM and SIGKILL.
        scratch: Its temporary folder, to be removed at its end; empty for none.
        limits: The soft and the hard limit of each resource, in the order of their numbers.
        output: Open descriptors of standard output and standard error.
    """

    words: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    umask: int
    grace_s: float
    scratch: str
    limits: Sequence[Sequence[int]]
    output: tuple[int, int]

    def close(self) -> None:
        """Closes what came with it."""
        for descriptor in self.output:
            os.close(descriptor)

    def program(
        self, environment: Mapping[str, str], loaded: Sequence[str], added: Mapping[str, str] = MappingProxyType({})
    ) -> Program:
        """What a fork runs.

        Args:
            environment: This process's own, as it was started.
            loaded: The packages that it has loaded, by their top names.
            added: What these have added to its environment; who is asked by a fork has it, too.

        Raises:
            UnsuitedError: A fresh process would do otherwise.
        """
        own, given = _binding(environment), _binding(self.environment)
        given = {name: value for name, value in given.items() if name in own or added.get(name) != value}
        if own != given:
            names = sorted(name for name in own.keys() | given.keys() if own.get(name) != given.get(name))
            raise UnsuitedError(f"it has other values of {', '.join(names)}")
        if self.limits != [list(pair) for pair in keeper.limits()]:
            raise UnsuitedError("it has other limits")
        program = program_of(self.words, self.environment)
        if program is None:
            raise UnsuitedError("it does more than to start this Python with a module or a file")
        place = Path(self.folder) if program.module else Path(self.folder, program.file).parent
        if hiding := _hiding(place, loaded):
            raise UnsuitedError(f"{place} has modules of its own for {', '.join(sorted(hiding))}")
        return program


def receive(connection: socket.socket) -> Request:
    """Reads a request.

    Raises:
        OSError: It does not come, or is none.
    """
    connection.settimeout(PATIENCE_S)
    head, descriptors, _, _ = socket.recv_fds(connection, _LENGTH.size, 2)
    try:
        [length] = _LENGTH.unpack(head)
        output, errors = descriptors
        given: dict[str, Any] = json.loads(_whole(connection, min(length, LONGEST)))
        return Request(**given, output=(output, errors))
    except (ValueError, TypeError, struct.error, OSError) as error:
        for descriptor in descriptors:
            os.close(descriptor)
        raise OSError("no request") from error


def _whole(connection: socket.socket, length: int) -> bytes:
    parts = []
    while length:
        part = connection.recv(min(length, 1 << 20))
        if not part:
            raise OSError("cut off")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _binding(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that must be the same when a library is loaded and when it is used."""
    return {
        name: value for name, value in environment.items() if name not in _FREE and not name.startswith(_FREE_FAMILIES)
    }


def _hiding(place: Path, loaded: Sequence[str]) -> set[str]:
    """The libraries in whose place a fresh process would find a module of a folder that comes first on its path."""
    try:
        names = os.listdir(place)
    except OSError:
        return set(loaded)
    return {name for entry in names if (name := entry.partition(".")[0]) in loaded and _is_module(place / entry)}


def _is_module(path: Path) -> bool:
    return path.suffix in {".py", ".so", ".pyc"} or (path / "__init__.py").is_file()
