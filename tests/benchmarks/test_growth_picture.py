from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.growth_picture import draw
from benchmarks.results import Growth

SVG = "{http://www.w3.org/2000/svg}"


def parsed(*growths: Growth) -> ElementTree.Element:
    return ElementTree.fromstring(draw(growths))  # noqa: S314 - our own


def test_time_in_proportion_lies_on_the_dashed_line() -> None:
    picture = parsed(Growth("rows", (10, 100, 1000), (0.5, 5.0, 50.0)))
    lines = list(picture.iter(f"{SVG}polyline"))
    dashed = next(line for line in lines if line.get("stroke-dasharray"))
    assert lines[-1].get("points", "").split()[::2] == dashed.get("points", "").split()


def test_each_amount_is_a_point_and_each_growth_is_named() -> None:
    picture = parsed(Growth("runs & more", (1, 10), (1.0, 2.0)), Growth("versions", (1, 10, 100), (1.0, 2.0, 3.0)))
    assert len(list(picture.iter(f"{SVG}circle"))) == 5
    words = [text.text for text in picture.iter(f"{SVG}text")]
    assert {"runs & more", "versions"} <= set(words)


def test_points_stay_within_the_picture_even_where_more_takes_less() -> None:
    picture = parsed(Growth("rows", (1, 10, 100), (1.0, 0.4, 0.3)))
    height, width = float(picture.get("height", "0")), float(picture.get("width", "0"))
    for circle in picture.iter(f"{SVG}circle"):
        assert 0 < float(circle.get("cx", "")) < width
        assert 0 < float(circle.get("cy", "")) < height
