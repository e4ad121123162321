"""Where the boxes of a picture stand: each component on its own, then all of them on shelves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import networkx
    from numpy.typing import NDArray

    Points = NDArray[np.float64]


def arrange(nodes: int, ends: list[tuple[int, int]], box: Points) -> tuple[Points, tuple[float, float]]:
    """Centres of all boxes (entities first, then relation labels), and the extent of the whole, from (0, 0)."""
    import networkx

    at = np.zeros_like(box)
    view: networkx.Graph[int] = networkx.Graph()
    view.add_nodes_from(range(nodes))
    crowd = [sum(node in pair for pair in ends) for node in range(nodes)]
    for number, (head, tail) in enumerate(ends):
        # The length that lets the label stand between its entities, between the needs of a level and a steep line.
        level = (box[head, 0] + box[tail, 0]) / 2 + box[nodes + number, 0] + 30
        steep = (box[head, 1] + box[tail, 1]) / 2 + box[nodes + number, 1] + 60
        length = float(0.5 * level + 0.5 * steep) * max(1.0, max(crowd[head], crowd[tail]) / 8) ** 0.5
        if head != tail:
            known = view.get_edge_data(head, tail, {"weight": 0.0})["weight"]
            view.add_edge(head, tail, weight=max(length, known))
    blocks: list[tuple[list[int], Points]] = []
    for members in networkx.connected_components(view):
        component = sorted(members)
        labels = [nodes + number for number, (head, _) in enumerate(ends) if head in members]
        everything = [*component, *labels]
        place = {member: index for index, member in enumerate(component)}
        joined = np.array([(place[ends[one - nodes][0]], place[ends[one - nodes][1]]) for one in labels], np.int64)
        spots = _component(view.subgraph(component), component, joined.reshape(-1, 2), box[everything])
        low = (spots - box[everything] / 2).min(axis=0)
        at[everything] = spots - low
        blocks.append((everything, (spots + box[everything] / 2).max(axis=0) - low))
    # Shelves: the tallest first, as wide as makes the whole about three to two.
    blocks.sort(key=lambda block: (-block[1][1], block[0]))
    gap = 34.0
    area = sum(float((size[0] + gap) * (size[1] + gap)) for _, size in blocks)
    shelf = max([math.sqrt(area * 1.7), *(float(size[0]) for _, size in blocks)])
    x = y = tall = right = 0.0
    for members, size in blocks:
        if x and x + size[0] > shelf:
            x, y, tall = 0.0, y + tall + gap, 0.0
        tall = max(tall, float(size[1]))
        at[members] += np.array([x, y + (tall - size[1]) / 2])
        x += float(size[0]) + gap
        right = max(right, x - gap)
    return at, (right, y + tall)


def _component(view: networkx.Graph[int], members: list[int], ends: NDArray[np.int64], box: Points) -> Points:
    """Kamada-Kawai (1989) for the entities, labels on the middles of their lines, then all boxes pushed apart."""
    import networkx

    count = len(members)
    at = np.zeros_like(box)
    if count > 1:
        ordered: networkx.Graph[int] = networkx.Graph()  # a subgraph view has the order of a set
        ordered.add_nodes_from(members)
        ordered.add_weighted_edges_from(sorted(view.edges(data="weight")))
        # Far apart counts for less than its length, or a long chain would stretch the picture.
        far: dict[int, dict[int, float]] = {
            one: {other: length**0.8 for other, length in lengths.items()}
            for one, lengths in networkx.all_pairs_dijkstra_path_length(ordered)
        }
        spread = networkx.kamada_kawai_layout(ordered, dist=far)
        spots = np.array([spread[member] for member in members])
        wanted = np.array([view.edges[edge]["weight"] for edge in ordered.edges])
        have = [spread[one] - spread[other] for one, other in ordered.edges]
        spots *= wanted.sum() / max(float(np.linalg.norm(have, axis=1).sum()), 1e-9)
        at[:count] = _level(spots)
        if len(ends) and (at[ends[:, 1], 0] - at[ends[:, 0], 0]).sum() < 0:
            at[:count] *= -1  # heads rather to the left, as we read
    home = at[:count].copy()
    if not len(ends):
        return at
    bow = _bow(ends, at)
    steps = max(60, min(240, 30_000 // len(at)))
    for step in range(steps):
        cool = 1 - step / steps
        middle = (at[ends[:, 0]] + at[ends[:, 1]]) / 2 + bow
        if step == 0:
            at[count:] = middle
        at[count:] += 0.35 * cool * (middle - at[count:])
        at[:count] += 0.03 * max(0.0, cool - 0.3) * (home - at[:count])
        if step % 2 == 0:
            at += max(cool, 0.4) * _clear_lines(at, ends, box)
        at += 0.5 * _apart(at, box, 9.0)
    for _ in range(400):
        push = _apart(at, box, 7.0)
        if not push.any():
            break
        at = (at + 0.55 * push) * 1.004
    return at


def _level(spots: Points) -> Points:
    """Turned so that the long side lies level, as words do, and drawn out a little that way."""
    spots = spots - spots.mean(axis=0)
    _, axes = np.linalg.eigh(spots.T @ spots)
    long = axes[:, 1] * (1 if axes[0, 1] >= 0 else -1)
    turned = np.stack([spots @ long, spots @ np.array([-long[1], long[0]])], axis=1)
    return turned * np.array([1.15, 0.9])


def _bow(ends: NDArray[np.int64], at: Points) -> Points:
    """How far each label starts beside its line: parallel lines to both sides of it, a loop above its entity."""
    bow = np.zeros((len(ends), 2))
    together: dict[tuple[int, int], list[int]] = {}
    for number, (head, tail) in enumerate(ends.tolist()):
        together.setdefault((min(head, tail), max(head, tail)), []).append(number)
    for (one, other), numbers in together.items():
        line = at[other] - at[one]
        side = np.array([0.0, -1.0]) if one == other else np.array([-line[1], line[0]]) / (np.hypot(*line) or 1.0)
        for index, number in enumerate(numbers):
            far = 52.0 + 26 * index if one == other else 34 * (index - (len(numbers) - 1) / 2)
            bow[number] = side * far
    return bow


def _apart(at: Points, box: Points, gap: float) -> Points:
    """For every box the sum of the ways that part it from those it overlaps, each the shorter way out."""
    across, down = (
        (size[:, None] + size[None]) / 2 + gap - np.abs(place[:, None] - place[None])
        for place, size in zip(at.T, box.T, strict=True)
    )
    over = (across > 1e-3) & (down > 1e-3)
    np.fill_diagonal(over, False)
    one, other = np.nonzero(over)  # few of all pairs, so only these are worked out
    inside = np.stack([across[one, other], down[one, other]], axis=1)
    level = inside[:, 0] <= inside[:, 1]
    apart = at[one] - at[other]
    way = np.where(apart == 0, np.where(one < other, -1.0, 1.0)[:, None], np.sign(apart))
    push = np.where(np.stack([level, ~level], axis=1), way * inside / 2, 0.0)
    return _sums(push, one, len(at))


def _clear_lines(at: Points, ends: NDArray[np.int64], box: Points) -> Points:
    """For every box the way off the lines that run beneath it though they are not its own."""
    count = len(at) - len(ends)
    t = np.linspace(0.12, 0.88, 8)[:, None, None]
    a, b = at[ends[:, 0]], at[ends[:, 1]]
    control = 2 * at[count:] - (a + b) / 2
    points = (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b
    # Indexed by point, box and line.
    across, down = (
        np.abs(at[:, None, axis] - points[:, None, :, axis]) < box[:, None, axis] / 2 + 5 for axis in (0, 1)
    )
    over: NDArray[np.bool_] = across & down
    number = np.arange(len(ends))
    over[:, ends[:, 0], number] = over[:, ends[:, 1], number] = over[:, count + number, number] = False
    one, line = np.nonzero(over.any(axis=0))  # few of all pairs, so only these are worked out
    over = over[:, one, line]
    apart = ((at[one] - points[:, line]) * over[..., None]).sum(axis=0) / over.sum(axis=0)[:, None]
    # Square to the line is the shortest way off it.
    chord = b - a
    square = (np.stack([-chord[:, 1], chord[:, 0]], axis=1) / np.maximum(np.hypot(*chord.T), 1e-9)[:, None])[line]
    beside = (apart * square).sum(axis=1)
    deep = (box[one] / 2 * np.abs(square)).sum(axis=1) + 5 - np.abs(beside)
    push = (np.sign(beside) * deep)[:, None].clip(-30, 30) * square
    way = _sums(push, one, len(at))
    way[count:] -= 0.5 * _sums(push, line, len(ends))  # the line gives way too: its label takes it along
    return 0.5 * way.clip(-30, 30)


def _sums(push: Points, which: NDArray[np.int64], count: int) -> Points:
    """The sum of the pushes for each of `count`, where push k is for `which[k]`."""
    sums = np.zeros((count, 2))
    for axis in (0, 1):
        sums[:, axis] = np.bincount(which, push[:, axis], count)
    return sums
