from __future__ import annotations

import pytest

from components.vertex.errors import RegistryError
from components.vertex.lookup import filter_for, the_only


def test_filter_for_names_every_label_and_the_display_name() -> None:
    assert filter_for({"a": "1", "b": ""}, "iris") == 'labels.a="1" AND labels.b="" AND display_name="iris"'


def test_the_only_is_the_one_that_was_found_or_none() -> None:
    assert the_only([], [], "models", "iris") is None
    assert the_only([1], ["models/1"], "models", "iris") == 1


def test_the_only_refuses_to_take_one_of_two() -> None:
    with pytest.raises(RegistryError, match=r'There are 2 models named "iris": models/1, models/2\. Delete or rename'):
        the_only([1, 2], ["models/2", "models/1"], "models", "iris")
