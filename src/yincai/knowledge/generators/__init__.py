"""Item generators: each makes endless variants of one skill and knows the wrong ways as well as the right one.

    from yincai.knowledge.generators import all_generators, get, malrule

    variant = get("fraction-add", 1).make(seed=42, depth=1)
    variant.stem      # Chinese text, LaTeX between $ signs
    variant.answer    # "5/6", canonical in our answer syntax; for a choice the option's letter
    variant.faults    # (Fault("frac-add-across", "2/5"), ...): wrong answers with their cause
    variant.hints     # Ladder(clue, method, example, solution), made when asked for

The contract:

* A generator is a `code` at a `version`; a variant is its `depth` (1, 2, ...) and `seed` (any integer below
  2**64). The same four give the same variant on every machine: no `random`, no hash order, no floats. Change
  what a seed gives only together with `version`, and keep the old version in the registry while facts name it;
  a golden test holds the digest of 200 variants of each. Hints and explanations may be reworded freely.
* `kind` is numeric, expression or choice. Answers are written as `7`, `-3`, `0.25`, `5/6`, `25%`, `2sqrt(3)`,
  `x^2-6x+9`. A unit stands beside the answer field in `unit`, never in the answer.
* `form` says how a right value has to be written: `expanded` (and collected), `simplified` (roots drawn), or
  empty for any way of writing.
* A fault is an answer that a named procedure gives on this very variant. Its value differs from the right one
  and from every other fault of the variant: where two procedures meet, the answer names no cause. Each
  variant has at least two.
* Malrule ids are unique over all generators; `Malrule.point` is the knowledge point shown to be weak.
* Where the problems of a depth are about one point or another, each is a topic of the depth, and an item of its own
  in the bank: `seed_about(point, seed, depth)` finds a seed for it. A seed means the same variant whatever was asked
  for. The first topic has the item's plain code, so put a new one last.
* 提示, 方法 and 例题 never state the answer; 讲解 does and is for after the attempt.

To write a generator: one module with a NamedTuple of a problem's numbers and a subclass of `Generator` with
`draw` (numbers from the dice), `pose` (text, answer, faults), `clue`, `method` and `solve`; add it to
`registry.py`, give it an independent check in the tests, and pin its digest.
"""

from yincai.knowledge.generators.base import Depth, Fault, Form, Generator, Kind, Ladder, Malrule, Topic, Variant
from yincai.knowledge.generators.registry import AnyGenerator, all_generators, get, malrule

__all__ = [
    "AnyGenerator",
    "Depth",
    "Fault",
    "Form",
    "Generator",
    "Kind",
    "Ladder",
    "Malrule",
    "Topic",
    "Variant",
    "all_generators",
    "get",
    "malrule",
]
