"""`yincai compile`: builds the compiled parts of the numerics ahead, so that nobody waits for them in a page.

numba compiles a function when it is first called and keeps the result beside the source, but sees only changes in the
function's own file: what is kept is thrown away first. The examples in the docstrings call every public estimator at
the types it is used with; running them compiles all. Needs no database and no Django.
"""

from __future__ import annotations

import argparse
import doctest
import importlib
import multiprocessing
import pkgutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.progress import track

from yincai import measurement

HELP = "预先编译数值计算（安装或升级之后运行一次）"
FINDING = 1


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="yincai compile", description=HELP)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count(), help="同时用几个进程")
    asked = parser.parse_args(words)
    forget(Path(measurement.__file__).parent)
    names = [module.name for module in pkgutil.walk_packages(measurement.__path__, f"{measurement.__name__}.")]
    with ProcessPoolExecutor(max(1, asked.processes), multiprocessing.get_context("spawn")) as pool:
        done = track(pool.map(run_examples, names), "编译数值计算", total=len(names), transient=True)
        wrong = [name for name, failed in zip(names, done, strict=True) if failed]
    if wrong:
        sys.stderr.write(f"这些模块的示例结果不对：{'、'.join(wrong)}。请运行 make test 查看。\n")
    return FINDING if wrong else 0


def forget(folder: Path) -> None:
    """Remove what was compiled before, where this account may: elsewhere numba keeps it in the account's own cache."""
    for kept in (*folder.rglob("*.nbi"), *folder.rglob("*.nbc")):
        try:
            kept.unlink()
        except OSError:
            return


def run_examples(name: str) -> int:
    """How many examples of a module do not show what they say."""
    return doctest.testmod(importlib.import_module(name)).failed
