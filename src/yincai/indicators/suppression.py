"""Which figures of a tree must be withheld, so that nothing shown speaks of too few.

A figure about too few people is withheld. So is any further one without which the first could be worked
out: a parent's total minus the children that are shown leaves the rest, and that rest must again be of enough
people. Whatever can be worked out from the shown figures is a union of such rests (each shown node minus
its topmost shown descendants), so when every rest is empty or large enough, everything that can be derived is about
enough people, and no withheld figure below the minimum can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping


def withheld(counts: Mapping[str, int], least: Callable[[str], int]) -> set[str]:
    """`counts`: how many people stand behind each node, by path (a node's parent is its longest proper prefix).
    `least`: how many there must be at a node; never fewer further down.

    Returns the paths to withhold. Nodes with nobody are never withheld: there is nothing to protect.
    """
    tree = Tree(counts)
    hidden = {path for path, n in counts.items() if 0 < n < least(path)}
    for path in sorted(counts, key=len, reverse=True):
        while path not in hidden and 0 < tree.rest(path, hidden) < least(path):
            _hide_one_more(tree, path, hidden)
    return hidden


def _hide_one_more(tree: Tree, path: str, hidden: set[str]) -> None:
    """Withhold the smallest figure below; and, where its own parts would give it away, the smallest of those."""
    before = tree.rest(path, hidden)
    place = path
    while tree.rest(path, hidden) == before:
        place = min(tree.shown_below(place, hidden), key=lambda below: (tree.counts[below], below))
        hidden.add(place)


class Tree:
    """Nodes by path, each under its longest proper prefix."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts
        self.children: dict[str, list[str]] = {path: [] for path in counts}
        for path in counts:
            if (parent := parent_of(path, counts)) is not None:
                self.children[parent].append(path)

    def shown_below(self, path: str, hidden: set[str]) -> list[str]:
        """The topmost shown nodes under a node that have somebody behind them."""
        found: list[str] = []
        for child in self.children[path]:
            if child in hidden:
                found.extend(self.shown_below(child, hidden))
            elif self.counts[child]:
                found.append(child)
        return found

    def rest(self, path: str, hidden: set[str]) -> int:
        """People behind a shown node that no shown node under it accounts for."""
        return self.counts[path] - sum(self.counts[below] for below in self.shown_below(path, hidden))


def parent_of(path: str, nodes: Mapping[str, object]) -> str | None:
    return next((path[:length] for length in range(len(path) - 1, 0, -1) if path[:length] in nodes), None)
