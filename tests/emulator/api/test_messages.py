"""The messages of Google's SDK without its clients, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import components.vertex.messages
import emulator.api.messages

BEGIN = """
import sys
from emulator.api.messages import import_messages_alone

import_messages_alone()
"""


def printed(text: str) -> list[str]:
    command = [sys.executable, "-c", BEGIN + text]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_messages_come_without_clients(version: str) -> None:
    found = printed(
        f"from google.cloud.aiplatform_{version} import types\n"
        f"from google.cloud.aiplatform_{version}.types import Model\n"
        "print(types.Model is Model, Model(name='m').name)\n"
        f"print(any(name.startswith('google.cloud.aiplatform_{version}.services') for name in sys.modules))\n"
    )
    assert found == ["True", "m", "False"]


def test_clients_come_where_they_are_asked_for() -> None:
    found = printed(
        "from google.cloud.aiplatform_v1.types import Model\n"
        "from google.cloud import aiplatform_v1\n"
        "print(aiplatform_v1.ModelServiceClient.__name__, aiplatform_v1.Model is Model)\n"
        "from google.cloud import aiplatform\n"
        "print(aiplatform.Model.__name__)\n"
    )
    assert found == ["ModelServiceClient", "True", "Model"]


def test_name_that_the_package_lacks_is_told() -> None:
    found = printed(
        "from google.cloud import aiplatform_v1\n"
        "try:\n    aiplatform_v1.Absent\n"
        "except AttributeError as error:\n    print(str(error).split()[-1])\n"
    )
    assert found == ["'Absent'"]


def test_package_that_is_loaded_stays_as_it_is() -> None:
    found = printed(
        "from google.cloud import aiplatform_v1 as first\n"
        "first.ModelServiceClient\n"
        "import_messages_alone()\n"
        "from google.cloud import aiplatform_v1 as second\n"
        "print(first is second, '__getattr__' in vars(second))\n"
    )
    assert found == ["True", "False"]


def test_threads_that_ask_at_once_all_get_what_they_ask_for() -> None:
    found = printed(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from threading import Barrier\n"
        "from google.cloud.aiplatform_v1beta1 import types\n"
        "together = Barrier(4)\n"
        "def read(name):\n    together.wait()\n    return getattr(types, name).__name__\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    print(*pool.map(read, ['Model', 'Endpoint', 'Schedule', 'DeployModelOperationMetadata']))\n"
    )
    assert found == ["Model", "Endpoint", "Schedule", "DeployModelOperationMetadata"]


def test_client_comes_without_the_others_and_their_messages() -> None:
    found = printed(
        "from google.cloud.aiplatform_v1.services.pipeline_service import PipelineServiceClient\n"
        "from google.cloud.aiplatform_v1 import services, types\n"
        "print(*(name for name in vars(services) if name.endswith('_service')), 'featurestore' in vars(types))\n"
        "from google.cloud.aiplatform_v1.types.pipeline_job import PipelineJob\n"
        "from google.cloud.aiplatform_v1.types import Featurestore\n"
        "print(types.PipelineJob is PipelineJob, 'featurestore' in vars(types))\n"
    )
    assert found == ["pipeline_service", "False", "True", "True"]


def test_rooms_that_may_not_import_each_other_do_the_same() -> None:
    files = [Path(str(module.__file__)) for module in (emulator.api.messages, components.vertex.messages)]
    assert files[0].read_bytes() == files[1].read_bytes()
