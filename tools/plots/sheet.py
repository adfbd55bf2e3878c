"""The paper all pictures are drawn on: one look, SVG that is the same byte by byte, the source below."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
IMAGES = ROOT / "docs" / "explanation" / "measurement" / "images"

INK, QUIET, LINE, ACCENT, AMBER, RED, SOFT = "#1d2430", "#5f6776", "#dedbd1", "#0d6b68", "#b3761b", "#a8321f", "#9fc5c1"
COLOURS = (ACCENT, AMBER, RED, "#4a6fa5", "#7a5c99", QUIET)  # told apart by dashes too, see DASHES
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))

mpl.use("svg")
mpl.rcParams.update(
    {
        "svg.hashsalt": "yincai",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.edgecolor": QUIET,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.prop_cycle": mpl.cycler(color=COLOURS, linestyle=DASHES),
        "grid.color": LINE,
        "grid.linewidth": 0.6,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "legend.frameon": False,
        "lines.linewidth": 1.6,
    }
)


def figure(
    source: str, *, columns: int = 1, rows: int = 1, width: float = 7.2, height: float = 3.4
) -> tuple[Figure, list[Axes]]:
    """An empty sheet with columns × rows axes; `source` (data, licence) is printed below them."""
    sheet = Figure(figsize=(width, height), layout="constrained")
    axes = [sheet.add_subplot(rows, columns, place + 1) for place in range(columns * rows)]
    sheet.supxlabel(f"Source: {source}", x=0.01, ha="left", fontsize=8, color=QUIET)
    return sheet, axes


def data(name: str) -> Path:
    """A file of the real data."""
    path = DATA / name
    if not path.exists():
        sys.exit(f"plots: the real data is missing: ../shared/data/{name}; the pictures stay as they are")
    return path


def table(name: str) -> np.ndarray:
    """A comma-separated file of numbers below one line of names, as an array."""
    return np.genfromtxt(data(name), delimiter=",", skip_header=1)


def save(picture: Figure, name: str) -> Path:
    """As images/NAME.svg."""
    IMAGES.mkdir(exist_ok=True)
    path = IMAGES / f"{name}.svg"
    picture.savefig(path, metadata={"Date": None, "Creator": "make plots"})
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")
    return path
