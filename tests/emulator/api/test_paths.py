from __future__ import annotations

import pytest

from emulator.api.errors import ApiError
from emulator.api.paths import method_name, parse_path


@pytest.mark.parametrize(
    ("raw_path", "version", "segments", "verb"),
    [
        ("/v1/projects/p/locations/l/models/m%402:mergeVersionAliases", "v1", "m@2", "mergeVersionAliases"),
        ("/v1/projects/p/locations/l/models/a%3Ab", "v1", "a:b", ""),
        ("/ui/projects/p/locations/l/operations/1", "ui", "1", ""),
    ],
)
def test_parse_path_cuts_before_it_decodes(raw_path: str, version: str, segments: str, verb: str) -> None:
    path = parse_path(raw_path)
    assert (path.version, path.segments[-1], path.verb) == (version, segments, verb)
    assert path.name.startswith("projects/p/locations/l/")


@pytest.mark.parametrize("raw_path", ["/v1/projects/a%2Fb/locations/l/models", "/v2/x", "v1", "//v1/x", "/"])
def test_parse_path_refuses_what_is_no_path_of_the_api(raw_path: str) -> None:
    with pytest.raises(ApiError):
        parse_path(raw_path)


@pytest.mark.parametrize("value", ["", ".", "..", "%2E%2E", "%2e", "%00", "a%0Ab", "%C2%85", "a%5Cb"])
@pytest.mark.parametrize("path", ["projects/{}/locations/l/models", "projects/p/locations/{}/models/m:copy"])
def test_parse_path_refuses_a_place_that_means_something_else(path: str, value: str) -> None:
    with pytest.raises(ApiError, match=r"(project|location); Message: must be no empty text") as caught:
        parse_path(f"/v1/{path.format(value)}")
    assert caught.value.status == "INVALID_ARGUMENT"


@pytest.mark.parametrize("value", ["..", "%00"])
def test_parse_path_refuses_an_id_that_means_something_else(value: str) -> None:
    with pytest.raises(ApiError, match="name; Message: must be no empty text"):
        parse_path(f"/v1/projects/p/locations/l/models/{value}")


@pytest.mark.parametrize("project", ["p", "experiments", "example.com:p", "1234567890", "a..b", "..."])
def test_parse_path_takes_short_names_and_those_with_dots_inside(project: str) -> None:
    assert parse_path(f"/v1/projects/{project}/locations/l/models").name == f"projects/{project}/locations/l/models"


@pytest.mark.parametrize(
    ("http_method", "path", "name"),
    [
        ("POST", "pipelineJobs", "CreatePipelineJob"),
        ("GET", "pipelineJobs", "ListPipelineJobs"),
        ("GET", "pipelineJobs/j", "GetPipelineJob"),
        ("POST", "pipelineJobs/j:cancel", "CancelPipelineJob"),
        ("POST", "pipelineJobs:batchDelete", "BatchDeletePipelineJobs"),
        ("POST", "endpoints/e:directPredict", "DirectPredict"),
        ("DELETE", "featureRegistries/r", "DeleteFeatureRegistry"),
    ],
)
def test_method_name_follows_the_rules_of_the_api(http_method: str, path: str, name: str) -> None:
    assert method_name(http_method, parse_path(f"/v1/projects/p/locations/l/{path}")) == name
