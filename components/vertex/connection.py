"""The one place that connects to Vertex AI: to the local stand-in where VERTEX_EMULATOR_HOST names it, else to Google."""

import os
from dataclasses import dataclass
from typing import Any, Optional

EMULATOR_VARIABLE = "VERTEX_EMULATOR_HOST"
