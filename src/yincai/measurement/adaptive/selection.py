"""Which item next: information, priority under the content constraints, chance.

The priority of item i is I_i · Π F over the attributes that are constrained (after Cheng & Chang 2009, one phase). With
x_k items so far of the t given that count towards constraint k (least l_k, most u_k, weight w_k) in a test of L items,
an item that counts towards k uses up its quota, and one that does not uses up the places left beside k's minimum:

    F = Π_{k counts i} ((u_k − x_k) / u_k)^w_k · Π_{k does not} (((L − l_k) − (t − x_k)) / (L − l_k))^w_k

An item after which a maximum would be passed, or the minima of one attribute no longer fit into the places left, has
priority 0 (the paper's factors alone do not look ahead). The weight is ½ unless said otherwise: with the look-ahead the
factors need not be steep, and steep ones cost information. So when every combination of codes stays in supply all
bounds are met; the shadow test needs no such proviso.

Sources: Cheng & Chang (2009), The maximum priority index method for severely constrained item selection in
computerized adaptive testing, British Journal of Mathematical and Statistical Psychology 62, 369–383; van der Linden
(1998), Bayesian item selection criteria for adaptive testing, Psychometrika 63, 201–216; Chang & Ying (1996), A global
information approach to computerized adaptive testing, Applied Psychological Measurement 20, 213–229; Kingsbury & Zara
(1989), Applied Measurement in Education 2, 359–375 (randomesque); Revuelta & Ponsoda (1998), A comparison of item
exposure control methods, Journal of Educational Measurement 35, 311–327 (progressive); Sympson & Hetter (1985).
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from numba import njit

from yincai.measurement.adaptive.ability import curve, highest, item_information, wrong
from yincai.measurement.adaptive.plan import UNBOUNDED, Tables
from yincai.measurement.adaptive.pool import Flags, Floats, Ints

NEGLIGIBLE = -12.0  # log of a posterior weight, against the highest, that no longer matters for choosing
GIVES_WAY = 1e-12  # by which a broken constraint of weight 1 lowers a priority when not all can hold
BARRED = -1.0
POSTERIOR, FISHER, KL = range(3)
CRITERIA = {"posterior": POSTERIOR, "fisher": FISHER, "kl": KL}


@njit(cache=True)
def lottery(seed: np.uint64, exposure: Floats) -> Flags:
    """1 where this sitting may not see the item: each is drawn once a sitting, with its exposure parameter.

    Sympson & Hetter's experiment is made when an item is selected, and a rejected item is out for the whole sitting;
    drawing all experiments beforehand (splitmix64 of seed and index) has the same distribution and needs no memory.
    """
    barred = np.zeros(exposure.shape[0], np.uint8)
    for i in range(exposure.shape[0]):
        z = np.uint64(seed) + np.uint64(i + 1) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
        barred[i] = np.float64(z >> np.uint64(11)) / 9007199254740992.0 >= exposure[i]
    return barred


@njit(cache=True)
def weights(log_posterior: Floats) -> Floats:
    top, whole = highest(log_posterior), 0.0
    held = np.zeros(log_posterior.shape[0])
    for q in range(held.shape[0]):
        if log_posterior[q] - top > NEGLIGIBLE:
            held[q] = exp(log_posterior[q] - top)
            whole += held[q]
    for q in range(held.shape[0]):
        held[q] /= whole
    return held


@njit(cache=True)
def fisher(t: Tables, theta: float) -> Floats:
    n = t.items.shape[1]
    values = np.empty(n)
    for i in range(n):
        values[i] = item_information(theta, t.items[0, i], t.items[1, i], t.items[2, i], t.items[3, i], t.items[4, i])
    return values


@njit(cache=True)
def averaged(table: Floats, w: Floats) -> Floats:
    values = np.zeros(table.shape[1])
    for q in range(w.shape[0]):
        share = w[q]
        if share > 0.0:
            for i in range(values.shape[0]):
                values[i] += share * table[q, i]
    return values


@njit(cache=True)
def kullback(t: Tables, theta: float, w: Floats) -> Floats:
    """∫ KL(θ̂ ‖ θ) over the posterior: what an answer at the estimate tells against all other abilities."""
    right, left = averaged(t.log_right, w), averaged(t.log_wrong, w)
    for i in range(right.shape[0]):
        a, b, c, va, vb = t.items[0, i], t.items[1, i], t.items[2, i], t.items[3, i], t.items[4, i]
        p, q = curve(theta, a, b, c, va, vb)[0], wrong(theta, a, b, c, va, vb)
        right[i] = max(0.0, p * (log(p) - right[i]) + q * (log(q) - left[i]))
    return right


@njit(cache=True)
def item_values(t: Tables, log_posterior: Floats, theta: float, at_theta: bool, criterion: int) -> Floats:
    """(n,): how much each item would tell; `at_theta` (a start rule) and "fisher" look at one ability only."""
    if at_theta or criterion == FISHER:
        return fisher(t, theta)
    w = weights(log_posterior)
    return kullback(t, theta, w) if criterion == KL else averaged(t.information, w)


@njit(cache=True)
def class_counts(t: Tables, asked: Ints) -> Ints:
    """(K,): how many of the asked items count towards each constraint."""
    counts = np.zeros(t.least.shape[0], np.int32)
    for a in range(t.codes.shape[0]):
        for j in range(asked.shape[0]):
            k = t.class_of[a, t.codes[a, asked[j]]]
            if k >= 0:
                counts[k] += 1
    return counts


@njit(cache=True)
def needs(t: Tables, counts: Ints) -> Ints:
    """(A,): how many items the minima of each attribute still need."""
    open_places = np.zeros(t.codes.shape[0], np.int32)
    for k in range(counts.shape[0]):
        open_places[t.attribute_of[k]] += max(0, t.least[k] - counts[k])
    return open_places


@njit(cache=True)
def quota(t: Tables, k: int, count: int) -> float:
    """What is left of a maximum; 1 where there is none (and where nothing is left: that is judged apart)."""
    if t.most[k] == UNBOUNDED or count >= t.most[k]:
        return 1.0
    return ((t.most[k] - count) / t.most[k]) ** t.weight[k]


@njit(cache=True)
def beside(t: Tables, k: int, count: int, given: int) -> float:
    """What is left of the places that the minimum of constraint k does not need."""
    places = t.length - t.least[k]
    left = places - (given - count)
    if t.least[k] == 0 or left <= 0:
        return 1.0
    return (left / places) ** t.weight[k]


@njit(cache=True)
def factor(t: Tables, counts: Ints, need: int, given: int, attribute: int, chosen: int, relaxed: bool) -> float:
    """F for an item that counts towards constraint `chosen` (−1: none) of `attribute`; 0 where it must not come."""
    product, broken, short = 1.0, 0.0, 0.0
    for k in range(counts.shape[0]):
        if t.attribute_of[k] == attribute:
            product *= quota(t, k, counts[k]) if k == chosen else beside(t, k, counts[k], given)
            if counts[k] < t.least[k]:
                short = max(short, t.weight[k])
    if chosen >= 0 and counts[chosen] >= t.most[chosen]:
        broken += t.weight[chosen]
    if need >= t.length - given and (chosen < 0 or counts[chosen] >= t.least[chosen]):
        broken += short
    if broken == 0.0:
        return product
    return product * GIVES_WAY**broken if relaxed else 0.0


@njit(cache=True)
def apply_factors(t: Tables, asked: Ints, relaxed: bool, values: Floats) -> None:
    """Multiplies the priorities in; values that are barred stay so."""
    counts, given, highest = class_counts(t, asked), asked.shape[0], t.class_of.shape[1]
    need = needs(t, counts)
    of_code = np.empty(highest)
    for a in range(t.codes.shape[0]):
        for code in range(highest):
            of_code[code] = factor(t, counts, need[a], given, a, t.class_of[a, code], relaxed)
        for i in range(values.shape[0]):
            f = of_code[t.codes[a, i]]
            if f == 0.0:
                values[i] = BARRED
            elif values[i] >= 0.0:
                values[i] *= f


@njit(cache=True)
def fits(t: Tables, members: Ints, counts: Ints, given: int) -> bool:
    """Whether a whole set can be given without breaking a bound now or being forced to break one later."""
    after = counts.copy()
    for a in range(t.codes.shape[0]):
        for j in range(members.shape[0]):
            k = t.class_of[a, t.codes[a, members[j]]]
            if k >= 0:
                after[k] += 1
    for k in range(after.shape[0]):
        if after[k] > t.most[k]:
            return False
    need, places = needs(t, after), t.length - given - members.shape[0]
    return bool(np.all(need <= places))


@njit(cache=True)
def join_sets(t: Tables, asked: Ints, relaxed: bool, raw: Floats, values: Floats) -> None:
    """A set stands for itself by its first member, valued by the mean of its members; the others wait their turn."""
    counts, given = class_counts(t, asked), asked.shape[0]
    for s in range(t.set_start.shape[0] - 1):
        members = t.set_items[t.set_start[s] : t.set_start[s + 1]]
        mean, whole = 0.0, members.shape[0] <= t.length - given
        for j in range(members.shape[0]):
            whole = whole and raw[members[j]] >= 0.0
            mean += max(values[members[j]], 0.0 if relaxed else raw[members[j]] * GIVES_WAY) / members.shape[0]
            values[members[j]] = BARRED
        if whole and (relaxed or fits(t, members, counts, given)):
            values[members[0]] = mean


@njit(cache=True)
def bar(t: Tables, asked: Ints, barred: Flags, values: Floats) -> None:
    """Items that were asked, their enemies, and those that this sitting may not see."""
    for i in range(barred.shape[0]):
        if barred[i]:
            values[i] = BARRED
    for j in range(asked.shape[0]):
        values[asked[j]] = BARRED
        for e in range(t.enemy_start[asked[j]], t.enemy_start[asked[j] + 1]):
            values[t.enemy_items[e]] = BARRED


@njit(cache=True)
def among_best(values: Floats, k: int, draw: float) -> int:
    """One of the k highest values that are not barred (`draw` in [0, 1) says which); −1 when there is none."""
    best, found = np.full(k, -1, np.int64), 0
    for i in range(values.shape[0]):
        if values[i] < 0.0 or (found == k and values[i] <= values[best[k - 1]]):
            continue
        place = min(found, k - 1)
        while place > 0 and values[best[place - 1]] < values[i]:
            best[place] = best[place - 1]
            place -= 1
        best[place] = i
        found = min(found + 1, k)
    return best[int(draw * found)] if found > 0 else -1


@njit(cache=True)
def mix_chance(values: Floats, noise: Floats, share: float) -> None:
    """Progressive: (1 − s) · R + s · I with R uniform below the highest information."""
    top = highest(values)
    for i in range(values.shape[0]):
        if values[i] >= 0.0:
            values[i] = (1.0 - share) * noise[i] * top + share * values[i]


@njit(cache=True)
def choose(
    t: Tables,
    values: Floats,
    asked: Ints,
    barred: Flags,
    relaxed: bool,
    k: int,
    draw: float,
    noise: Floats,
    share: float,
) -> int:
    """The item with the highest priority, or −1 when none is allowed. `values` (n,) is used up."""
    bar(t, asked, barred, values)
    if noise.shape[0] > 0:
        mix_chance(values, noise, share)
    raw = values.copy() if t.set_of.shape[0] > 0 else values
    apply_factors(t, asked, relaxed, values)
    if t.set_of.shape[0] > 0:
        join_sets(t, asked, relaxed, raw, values)
    return among_best(values, k, draw)


@njit(cache=True)
def pending(t: Tables, asked: Ints) -> int:
    """The next item of the set that was begun last, or −1."""
    if t.set_of.shape[0] == 0 or asked.shape[0] == 0 or t.set_of[asked[-1]] < 0:
        return -1
    s = t.set_of[asked[-1]]
    for j in range(t.set_start[s], t.set_start[s + 1]):
        seen = False
        for i in range(asked.shape[0]):
            seen = seen or asked[i] == t.set_items[j]
        if not seen:
            return int(t.set_items[j])
    return -1
