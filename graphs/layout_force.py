"""Where the entities of a large graph stand: forces, the far ones worked out on a grid, so that 5,000 take seconds.

Each component is laid out alone, from its communities inwards, and all of them are packed around the largest.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphs.analysis import plain_network
from graphs.triple import KnowledgeGraph

if TYPE_CHECKING:
    import networkx
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

EXACT = 200
"""Entities up to which all pairs are worked out; beyond, repulsion is read off a grid."""

GRID = 128
"""Cells of that grid a side."""

SPACE = 34.0
"""About how far two joined entities stand from each other."""


def positions(graph: KnowledgeGraph, seed: int = 0) -> tuple[dict[str, tuple[float, float]], dict[str, int]]:
    """A place for each entity, and the number of its community; the same graph and seed give the same."""
    import networkx

    view = plain_network(graph)
    placed: dict[str, tuple[float, float]] = {}
    community: dict[str, int] = {}
    blocks: list[tuple[list[str], Points]] = []
    for members in networkx.connected_components(view):
        names = sorted(members)
        part: networkx.Graph[str] = networkx.Graph()
        part.add_nodes_from(names)
        part.add_weighted_edges_from(sorted(view.subgraph(names).edges(data="weight")))
        groups = _communities(part, seed)
        start = len(set(community.values()))
        community |= {name: start + number for name, number in groups.items()}
        blocks.append((names, _component(part, names, groups, seed)))
    blocks.sort(key=lambda block: (-len(block[0]), block[0]))
    for (names, at), centre in zip(blocks, _pack([_radius(at) for _, at in blocks]), strict=True):
        for name, (x, y) in zip(names, (at + centre).tolist(), strict=True):
            placed[name] = (x, y)
    return placed, community


def _communities(part: networkx.Graph[str], seed: int) -> dict[str, int]:
    import networkx

    if len(part) < 8:
        return dict.fromkeys(part, 0)
    groups = networkx.community.louvain_communities(part, seed=seed)
    ranked = sorted(groups, key=lambda group: (-len(group), min(group)))
    return {name: number for number, group in enumerate(ranked) for name in group}


def _component(part: networkx.Graph[str], names: list[str], groups: dict[str, int], seed: int) -> Points:
    count = len(names)
    if count == 1:
        return np.zeros((1, 2))
    place = {name: number for number, name in enumerate(names)}
    ends = np.array([(place[one], place[other]) for one, other in part.edges], np.int64)
    drawn = np.random.default_rng(seed)
    group = np.array([groups[name] for name in names])
    # Communities are to be seen: what joins two of them pulls less.
    weight = np.where(group[ends[:, 0]] == group[ends[:, 1]], 1.0, 0.25 if count > 40 else 1.0)
    if count <= EXACT:
        at = drawn.standard_normal((count, 2)) * SPACE * math.sqrt(count)
        at = _forces(at, ends, np.ones(count), 300, weight)
    else:
        # First the communities, each as heavy as it is large, then their members around where it stands.
        sizes = np.bincount(group).astype(np.float64)
        pairs = np.unique(np.sort(group[ends], axis=1), axis=0)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        centres = drawn.standard_normal((len(sizes), 2)) * SPACE * math.sqrt(count)
        centres = _forces(centres, pairs, sizes, 300)
        spread = SPACE * 0.5 * np.sqrt(sizes[group])[:, None]
        at = _forces(centres[group] + drawn.standard_normal((count, 2)) * spread, ends, np.ones(count), 220, weight)
    degree = np.bincount(ends.ravel(), minlength=count)
    return _part(_drawn_in(at - at.mean(axis=0)), np.minimum(26.0, 3.6 + 2.3 * np.sqrt(degree)) + 3.0)


def _drawn_in(at: Points) -> Points:
    """Scaled to about one entity for each square of `SPACE`, with what stands far out brought nearer."""
    far = np.hypot(*at.T)
    most = float(np.quantile(far, 0.8)) if len(at) > 20 else float(far.max())
    at = at * (np.minimum(1.0, (most / np.maximum(far, 1e-9))) ** 0.55)[:, None]
    return at * (SPACE * 0.62 * math.sqrt(len(at)) + SPACE * 0.5) / max(most, 1e-9)


def _forces(at: Points, ends: NDArray[np.int64], mass: Points, steps: int, weight: Points | None = None) -> Points:
    """Fruchterman and Reingold's springs; a hub pushes by its degree, as in ForceAtlas2 (Jacomy et al. 2014)."""
    count = len(at)
    degree = np.bincount(ends.ravel(), minlength=count) if len(ends) else np.zeros(count)
    push = mass * (1 + degree) ** 0.7
    weight = np.ones(len(ends)) if weight is None else weight
    far = _exact if count <= EXACT else _on_grid
    heat = SPACE * math.sqrt(count) * 0.3
    for step in range(steps):
        force = far(at, push) * (SPACE**2) * (push / mass)[:, None]
        if len(ends):
            apart = at[ends[:, 1]] - at[ends[:, 0]]
            length = np.hypot(*apart.T)[:, None]
            rest = SPACE * np.sqrt(mass[ends].sum(axis=1) / 2)[:, None]
            pull = apart * (length / rest) * weight[:, None] / 2
            for axis in (0, 1):
                force[:, axis] += np.bincount(ends[:, 0], pull[:, axis], count)
                force[:, axis] -= np.bincount(ends[:, 1], pull[:, axis], count)
        force -= (at - at.mean(axis=0)) * 0.05 * (1 + degree[:, None]) ** 0.5
        size = np.maximum(np.hypot(*force.T), 1e-9)[:, None]
        at = at + force / size * np.minimum(size, heat * (1 - step / steps) ** 1.5 + 0.02)
    return at


def _exact(at: Points, push: Points) -> Points:
    across, down = (at[:, axis][:, None] - at[:, axis][None] for axis in (0, 1))
    share = push[None] / (across**2 + down**2 + 1.0)
    return np.stack([(across * share).sum(axis=1), (down * share).sum(axis=1)], axis=1)


def _on_grid(at: Points, push: Points) -> Points:
    """The sum of push · way / distance² at each point, by a particle mesh (Hockney and Eastwood 1988, chapter 5).

    Masses are shared out among the four grid points around them, the field of all is one convolution, and is read at
    the same four points: what a point adds to its own field is zero.
    """
    low, high = at.min(axis=0), at.max(axis=0)
    cell = max(float((high - low).max()) / (GRID - 3), 1e-6)
    spot = (at - low) / cell + 1
    corner = np.floor(spot).astype(np.int64)
    inside = spot - corner
    corners = [(x, y) for x in (0, 1) for y in (0, 1)]
    shares = [(inside[:, 0] if x else 1 - inside[:, 0]) * (inside[:, 1] if y else 1 - inside[:, 1]) for x, y in corners]
    index = [(corner[:, 0] + x) * 2 * GRID + corner[:, 1] + y for x, y in corners]
    field = np.zeros(4 * GRID * GRID)
    for where, share in zip(index, shares, strict=True):
        field += np.bincount(where, share * push, len(field))
    known = np.fft.rfft2(field.reshape(2 * GRID, 2 * GRID))
    found = np.zeros_like(at)
    for axis, kernel in enumerate(_kernels()):
        values = np.fft.irfft2(known * kernel, (2 * GRID, 2 * GRID)).ravel()
        found[:, axis] = sum(share * values[where] for where, share in zip(index, shares, strict=True))
    return found / cell


def _kernels() -> list[NDArray[np.complex128]]:
    if not _KERNELS:
        step = np.fft.fftfreq(2 * GRID, 1 / (2 * GRID))
        x, y = np.meshgrid(step, step, indexing="ij")
        square = x**2 + y**2 + 0.3
        _KERNELS.extend(np.fft.rfft2(way / square) for way in (x, y))
    return _KERNELS


_KERNELS: list[NDArray[np.complex128]] = []


def _part(at: Points, radius: Points) -> Points:
    """Discs that overlap pushed apart, a little at a time; only near ones are looked at."""
    import scipy.spatial

    trees: Any = scipy.spatial
    reach = float(radius.max()) * 2
    for _ in range(60):
        pairs: NDArray[np.int64] = np.asarray(trees.KDTree(at).query_pairs(min(reach, 90.0), output_type="ndarray"))
        if not len(pairs):
            break
        apart = at[pairs[:, 0]] - at[pairs[:, 1]]
        length = np.hypot(*apart.T)
        over = radius[pairs].sum(axis=1) - length
        close = over > 0.01
        if not close.any():
            break
        pairs, apart, length, over = pairs[close], apart[close], length[close], over[close]
        # Two on one spot part to the sides, by their numbers.
        way = np.where(length[:, None] > 1e-9, apart / np.maximum(length, 1e-9)[:, None], np.array([1.0, 0.0]))
        push = way * (over / 2)[:, None]
        for axis in (0, 1):
            at[:, axis] += np.bincount(pairs[:, 0], push[:, axis], len(at))
            at[:, axis] -= np.bincount(pairs[:, 1], push[:, axis], len(at))
    return at


def _radius(at: Points) -> float:
    return float(np.hypot(*(at - (at.min(axis=0) + at.max(axis=0)) / 2).T).max()) + SPACE * 0.8


def _pack(radii: list[float]) -> list[Points]:
    """Centres of circles: the first in the middle, each further one in the free place nearest to it, on a spiral."""
    centres: list[Points] = []
    placed = np.zeros((0, 3))
    turn = 0.0
    for radius in radii:
        if not len(placed):
            centre = np.zeros(2)
        else:
            # Smaller ones follow larger ones, so the search goes on where the last one was put.
            while True:
                far = SPACE * 0.35 * turn
                centre = np.array([1.25 * far * math.cos(turn), far * math.sin(turn)])
                gap = np.hypot(placed[:, 0] - centre[0], placed[:, 1] - centre[1]) - placed[:, 2] - radius
                if (gap > 0).all():
                    break
                turn += min(0.5, SPACE * 0.4 / max(far, 1.0))
        centres.append(centre)
        placed = np.vstack([placed, [*centre, radius]])
    return centres
