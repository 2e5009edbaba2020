from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from emulator.console.graph import ITERATIONS_SHOWN, Node, build_graph
from emulator.console.layout import TASK_HEIGHT, TASK_WIDTH, Box, _Item, _rows, direct_edges, lay_out, layers_of
from emulator.console.tasks import parse_tasks
from tests.emulator.console.sample_jobs import SPEC, detail, job
from tests.growth import assert_linear


def named(root: Node) -> dict[str, Node]:
    return {root.key: root, **{key: node for child in root.children for key, node in named(child).items()}}


def test_build_graph_puts_states_on_the_definition() -> None:
    nodes = named(build_graph(SPEC, parse_tasks(job())))
    assert {key: (node.kind, node.state) for key, node in nodes.items()} == {
        "": ("group", "succeeded"),
        "read": ("importer", "succeeded"),
        "train": ("task", "succeeded"),
        "condition-1": ("condition", "not_triggered"),
        "condition-1.deploy": ("task", "not_triggered"),
        "for-loop-2": ("loop", "succeeded"),
        "for-loop-2-iteration-0": ("iteration", "succeeded"),
        "for-loop-2-iteration-0.say": ("task", "skipped"),
        "for-loop-2-iteration-1": ("iteration", "succeeded"),
        "for-loop-2-iteration-1.say": ("task", "skipped"),
    }
    assert nodes["train"].title == "Train the model"
    assert (nodes["condition-1"].title, nodes["condition-1"].note) == ("gate is open", "train-passed")
    assert nodes["for-loop-2"].note == "2 iterations"


def test_build_graph_knows_what_depends_on_what() -> None:
    root = build_graph(SPEC, parse_tasks(job()))
    edges = {(root.children[before].key, root.children[after].key) for before, after in root.edges}
    assert edges == {("read", "train"), ("train", "condition-1")}


def test_build_graph_of_a_run_that_waits_is_the_definition() -> None:
    nodes = named(build_graph(SPEC, ()))
    assert set(nodes) == {"", "read", "train", "condition-1", "condition-1.deploy", "for-loop-2", "for-loop-2.say"}
    assert {node.state for node in nodes.values()} == {"pending"}


def test_build_graph_draws_the_first_iterations_of_a_long_loop() -> None:
    details = [detail(1, "flowers", parent="", taskUniqueName=""), detail(6, "for-loop-2")]
    details += [detail(10 + number, f"for-loop-2-iteration-{number}", parent="6") for number in range(30)]
    loop = named(build_graph(SPEC, parse_tasks({"jobDetail": {"taskDetails": details}})))["for-loop-2"]
    assert [child.title for child in loop.children] == [f"#{number}" for number in range(ITERATIONS_SHOWN)]
    assert loop.note == "30 iterations, of which 18 are not drawn"


def test_build_graph_of_no_definition_is_empty() -> None:
    assert build_graph({}, ()).children == ()
    assert lay_out(build_graph({}, ())).boxes == ()


def overlap(one: Box, other: Box) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height


def test_lay_out_puts_tasks_below_what_they_depend_on_and_none_over_another() -> None:
    drawing = lay_out(build_graph(SPEC, parse_tasks(job())))
    boxes = {box.node.key: box for box in drawing.boxes}
    assert boxes["read"].y + TASK_HEIGHT < boxes["train"].y
    assert boxes["train"].y + TASK_HEIGHT < boxes["condition-1"].y
    tasks = [box for box in drawing.boxes if not box.node.children]
    assert not any(overlap(one, other) for one, other in combinations(tasks, 2))
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.x + box.width <= drawing.width + 1e-6
        assert box.y + box.height <= drawing.height + 1e-6


def test_lay_out_puts_groups_around_and_before_what_is_in_them() -> None:
    drawing = lay_out(build_graph(SPEC, parse_tasks(job())))
    order = [box.node.key for box in drawing.boxes]
    boxes = {box.node.key: box for box in drawing.boxes}
    frame, inside = boxes["condition-1"], boxes["condition-1.deploy"]
    assert order.index("condition-1") < order.index("condition-1.deploy")
    assert frame.x < inside.x
    assert frame.y < inside.y
    assert frame.x + frame.width > inside.x + inside.width
    assert (frame.depth, inside.depth) == (0, 1)


def test_lay_out_puts_a_chain_on_one_line() -> None:
    chain = Node("", "", "group", "", "", tuple(Node(key, key, "task", "") for key in "abc"), ((0, 1), (1, 2)))
    drawing = lay_out(chain)
    assert len({box.x for box in drawing.boxes}) == 1
    assert drawing.width == TASK_WIDTH
    assert [len({x for x, _ in wire.points}) for wire in drawing.wires] == [1, 1]


def test_lay_out_leads_long_edges_past_the_tasks_between() -> None:
    children = tuple(Node(key, key, "task", "") for key in "abcd")
    diamond = Node("", "", "group", "", "", children, ((0, 1), (1, 2), (2, 3), (0, 3)))
    assert len(lay_out(diamond).wires) == 3  # a > d is implied
    detour = Node("", "", "group", "", "", (*children, Node("e", "e", "task", "")), ((0, 1), (1, 2), (2, 3), (4, 3)))
    boxes = {box.node.key: box for box in lay_out(detour).boxes}
    wire = next(wire for wire in lay_out(detour).wires if len(wire.points) > 2)
    for x, _ in wire.points[1:-1]:
        assert not any(boxes[key].x <= x <= boxes[key].x + TASK_WIDTH for key in "bc")


@pytest.mark.parametrize(
    ("edges", "direct"),
    [
        ([(0, 1), (1, 2), (0, 2)], [(0, 1), (1, 2)]),
        ([(0, 1), (0, 1), (1, 1)], [(0, 1)]),
        ([], []),
    ],
)
def test_direct_edges(edges: list[tuple[int, int]], direct: list[tuple[int, int]]) -> None:
    assert direct_edges(3, edges) == direct


def test_layers_end_even_where_a_definition_goes_in_circles() -> None:
    assert layers_of(3, [(0, 1), (1, 2)]) == [0, 1, 2]
    assert len(layers_of(2, [(0, 1), (1, 0)])) == 2


def test_build_graph_finds_the_iterations_of_many_loops_at_once() -> None:
    def run(size: int) -> tuple[dict[str, Any], Any]:
        loops = {f"loop-{n}": {"componentRef": {"name": "body"}, "parameterIterator": {}} for n in range(size)}
        details = [{"taskId": "1", "taskName": "run"}]
        details += [
            {"taskId": str(n + 2), "parentTaskId": "1", "taskName": name, "taskUniqueName": name}
            for n, name in enumerate(loops)
        ]
        definition = {"root": {"dag": {"tasks": loops}}, "components": {"body": {"dag": {"tasks": {}}}}}
        return definition, parse_tasks({"jobDetail": {"taskDetails": details}})

    assert_linear(lambda given: build_graph(*given), run, 150)


def test_lay_out_orders_many_layers_in_the_time_that_their_number_takes() -> None:
    assert_linear(_rows, lambda size: [_Item(None, layer, [], []) for layer in range(size)], 200)


def test_a_graph_tells_its_size() -> None:
    tasks = tuple(Node(key, key, "task", "pending") for key in "ab")
    inner = Node("g", "g", "group", "pending", children=tasks, edges=((0, 1),))
    assert Node("", "", "group", "pending", children=(inner, *tasks), edges=((0, 1), (0, 2))).size() == (5, 3)


def test_lay_out_leads_edges_straight_where_they_would_pass_very_many_layers() -> None:
    long_edges = [(0, n) for n in range(2, 200)]
    nodes = tuple(Node(str(n), str(n), "task", "pending") for n in range(400))
    rows = [*((n, n + 1) for n in range(200, 399)), *((n, 399) for n in range(200))]
    drawing = lay_out(Node("", "", "group", "pending", children=nodes, edges=(*rows, *long_edges)))
    assert {len(wire.points) for wire in drawing.wires} == {2}
