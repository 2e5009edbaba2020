"""Where the boxes of a run's graph go: layers from the top down, groups around what is in them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.console.graph import Node

TASK_WIDTH = 232
TASK_HEIGHT = 60
LAYER_GAP = 36
COLUMN_GAP = 20
PADDING = 14
HEADER = 44
# The room that an edge takes where it passes a layer.
PASSAGE = 12
SWEEPS = 4
MOST_PASSAGES = 5000


@dataclass(frozen=True)
class Box:
    """A task or group in the drawing; all lengths are pixels.

    Attributes:
        node: What it shows.
        depth: In how many groups it lies.
    """

    node: Node
    x: float
    y: float
    width: float
    height: float
    depth: int


@dataclass(frozen=True)
class Wire:
    """An edge in the drawing.

    Attributes:
        points: Where it begins, passes layers, and ends.
        state: That of the task that it comes from.
    """

    points: tuple[tuple[float, float], ...]
    state: str


@dataclass(frozen=True)
class Drawing:
    """A laid out graph. Groups come before what is in them."""

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    width: float
    height: float


@dataclass
class _Item:
    """What is placed in a layer: a child of a group, or, without a drawing, the passage of an edge."""

    drawing: Drawing | None
    layer: int
    before: list[_Item]
    after: list[_Item]
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        return self.drawing.width if self.drawing else PASSAGE

    @property
    def height(self) -> float:
        return self.drawing.height if self.drawing else 0.0

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def lay_out(root: Node) -> Drawing:
    """Lays out what is in the root; the root itself gets no box."""
    return _inside(root, 0)


def _drawn(node: Node, depth: int) -> Drawing:
    if not node.children:
        return Drawing((Box(node, 0, 0, TASK_WIDTH, TASK_HEIGHT, depth),), (), TASK_WIDTH, TASK_HEIGHT)
    inside = _inside(node, depth + 1)
    width = max(inside.width, TASK_WIDTH) + 2 * PADDING
    height = inside.height + HEADER + PADDING
    moved = _moved(inside, (width - inside.width) / 2, HEADER)
    frame = Box(node, 0, 0, width, height, depth)
    return Drawing((frame, *moved.boxes), moved.wires, width, height)


def _moved(drawing: Drawing, x: float, y: float) -> Drawing:
    boxes = tuple(Box(box.node, box.x + x, box.y + y, box.width, box.height, box.depth) for box in drawing.boxes)
    wires = tuple(Wire(tuple((px + x, py + y) for px, py in wire.points), wire.state) for wire in drawing.wires)
    return Drawing(boxes, wires, drawing.width, drawing.height)


def _inside(group: Node, depth: int) -> Drawing:
    edges = direct_edges(len(group.children), group.edges)
    layers = layers_of(len(group.children), edges)
    items = [_Item(_drawn(child, depth), layer, [], []) for child, layer in zip(group.children, layers, strict=True)]
    # Where edges would pass very many layers, they go straight.
    bends = sum(layers[after] - layers[before] for before, after in edges) <= MOST_PASSAGES
    chains = [_chain(items[before], items[after], bends) for before, after in edges]
    passages = [item for chain in chains for item in chain[1:-1]]
    # What stands alone goes to the right of what is joined.
    rows = _rows(sorted([*items, *passages], key=lambda item: not (item.before or item.after)))
    width, height = _place(rows)
    boxes: list[Box] = []
    wires = [
        Wire(_course(chain), child.state)
        for chain, child in zip(chains, (group.children[before] for before, _ in edges), strict=True)
    ]
    for item in items:
        if item.drawing is not None:
            moved = _moved(item.drawing, item.x, item.y)
            boxes += moved.boxes
            wires += moved.wires
    return Drawing(tuple(boxes), tuple(wires), width, height)


def direct_edges(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Edges without those that others imply: of a > b, b > c and a > c, the last one goes."""
    after: list[set[int]] = [set() for _ in range(count)]
    for source, target in edges:
        if source != target:
            after[source].add(target)
    reached = [_reachable(after, start) for start in range(count)]
    return [
        (source, target)
        for source, target in dict.fromkeys(edges)
        if source != target and not any(target in reached[between] for between in after[source] if between != target)
    ]


def _reachable(after: Sequence[set[int]], start: int) -> set[int]:
    found: set[int] = set()
    waiting = list(after[start])
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += after[place]
    return found


def layers_of(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each node: one below the lowest that it depends on."""
    layers = [0] * count
    for _ in range(count):
        moved = False
        for source, target in edges:
            if layers[target] <= layers[source]:
                layers[target] = layers[source] + 1
                moved = True
        if not moved:
            break
    return layers


def _chain(source: _Item, target: _Item, bends: bool) -> list[_Item]:
    """An edge as items of neighbouring layers; without bends, as its two ends."""
    passages = [_Item(None, layer, [], []) for layer in range(source.layer + 1, target.layer) if bends]
    chain = [source, *passages, target]
    for upper, lower in itertools.pairwise(chain):
        upper.after.append(lower)
        lower.before.append(upper)
    return chain


def _rows(items: Sequence[_Item]) -> list[list[_Item]]:
    """Items by layer, in an order in which few edges cross: each near the middle of its neighbours."""
    rows: list[list[_Item]] = [[] for _ in range(max((item.layer for item in items), default=-1) + 1)]
    for item in items:
        rows[item.layer].append(item)
    places = {id(item): place for row in rows for place, item in enumerate(row)}
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for row in rows if downwards else reversed(rows):
            near = {id(item): [places[id(one)] for one in (item.before if downwards else item.after)] for item in row}
            wanted = {key: sum(found) / len(found) if found else places[key] for key, found in near.items()}
            row[:] = [item for _, item in sorted(((wanted[id(item)], item) for item in row), key=lambda pair: pair[0])]
            places |= {id(item): place for place, item in enumerate(row)}
    return rows


def _place(rows: Sequence[Sequence[_Item]]) -> tuple[float, float]:
    """Gives each item its place; width and height of all."""
    y = 0.0
    for row in rows:
        x = 0.0
        for item in row:
            item.x, item.y = x, y
            x += item.width + COLUMN_GAP
        y += max(item.height for item in row) + LAYER_GAP
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for row in rows if downwards else reversed(rows):
            _straighten(row, downwards)
    items = [item for row in rows for item in row]
    left = min((item.x for item in items), default=0.0)
    for item in items:
        item.x -= left
    return max((item.x + item.width for item in items), default=0.0), max(0.0, y - LAYER_GAP)


def _straighten(row: Sequence[_Item], downwards: bool) -> None:
    """Moves the items of a layer below, or above, the middle of what they are joined to, as far as there is room.

    Neighbours that want the same room share it: they stand side by side around the middle of what they want.
    """
    blocks: list[tuple[list[_Item], float]] = []
    for item in row:
        near = item.before if downwards else item.after
        wanted = (sum(one.middle for one in near) / len(near) if near else item.middle) - item.width / 2
        block, start = [item], wanted
        while blocks and blocks[-1][1] + _width(blocks[-1][0]) + COLUMN_GAP > start:
            earlier, earlier_start = blocks.pop()
            together = [*earlier, *block]
            shift = _width(earlier) + COLUMN_GAP
            start = (earlier_start * len(earlier) + (start - shift) * len(block)) / len(together)
            block = together
        blocks.append((block, start))
    for block, start in blocks:
        x = start
        for item in block:
            item.x = x
            x += item.width + COLUMN_GAP


def _width(block: Sequence[_Item]) -> float:
    return sum(item.width for item in block) + COLUMN_GAP * (len(block) - 1)


def _course(chain: Sequence[_Item]) -> tuple[tuple[float, float], ...]:
    first, last = chain[0], chain[-1]
    passed = tuple((item.middle, item.y) for item in chain[1:-1])
    return ((first.middle, first.y + first.height), *passed, (last.middle, last.y))
