"""Recomputing states from facts: to check them, to mend them, or to move them to a new version beside the old one.

Live answers go on all the while. Each pupil is one short transaction under the state row's lock; a killed run resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from yincai.core.scope import unscoped
from yincai.records import rows
from yincai.records.folds import FOLDS
from yincai.records.models import Cursor, LearnerState, ResponseFact, StateChange, StateDraft, StateVersion
from yincai.records.refolding import folded_anew, refold, refold_waiting
from yincai.records.rows import StateRow
from yincai.records.versions import active, versions_of

Progress = Callable[[int, int], None]
CHUNK = 200


@dataclass
class Verdict:
    """`examples`: the first differences, in words."""

    compared: int = 0
    different: int = 0
    examples: list[str] = field(default_factory=list)

    def differs(self, pupil: int, subject: str, how: list[str]) -> None:
        self.different += 1
        if len(self.examples) < 5:
            self.examples.append(f"{pupil} {subject}: {', '.join(how)}")


@unscoped("everybody's states are compared with their facts")
def check(progress: Progress | None = None) -> Verdict:
    """Compare every live state with what its facts say. States that wait for a refold get it first."""
    while refold_waiting():
        pass
    verdict = Verdict()
    for subject in FOLDS:
        total = _states(subject).count()
        for done, (pupil, _) in enumerate(_pupils(subject), start=1):
            _compare(pupil, subject, verdict)
            if progress:
                progress(done, total)
        for pupil, _ in _stateless(subject):
            verdict.compared += 1
            verdict.differs(pupil, subject, ["no state"])
    return verdict


def _compare(pupil: int, subject: str, verdict: Verdict) -> None:
    """One state against its facts. The row is read first: facts that come after it have greater numbers."""
    row = rows.read_state(pupil, subject)
    if row is None or row.waiting:
        return
    verdict.compared += 1
    if not FOLDS[subject].knows(versions_of(row.version)):
        verdict.differs(pupil, subject, [f"version {row.version} is unknown to this release"])
        return
    wanted = folded_anew(pupil, subject, row.version, row.number)
    try:
        how = FOLDS[subject].differences(row.state, wanted)
    except ValueError as damaged:
        how = [str(damaged)]
    if how:
        verdict.differs(pupil, subject, how)


@unscoped("everybody's states are computed anew")
def rebuild(progress: Progress | None = None) -> int:
    """Recompute all states from the facts; where the code brings a new version, build it beside and switch.

    Returns how many states came out otherwise than they were.
    """
    changed = 0
    for subject in FOLDS:
        for pupil, number in _stateless(subject):
            changed += _restore(pupil, subject, number)
        version = active(subject)
        if versions_of(version.pk) != FOLDS[subject].versions:
            changed += move(subject, progress)
        else:
            changed += _anew(subject, progress)
    return changed


def _anew(subject: str, progress: Progress | None) -> int:
    """Fold every state from the first fact on, in place; a cursor remembers how far it came."""
    cursor, _ = Cursor.objects.get_or_create(name=f"rebuild {subject}")
    total, changed, before = _states(subject).count(), 0, cursor.last
    done = _states(subject).filter(id__lte=before).count()
    for pupil, key in _pupils(subject, before):
        changed += refold(pupil, subject, anew=True)
        done += 1
        if done % CHUNK == 0:
            Cursor.objects.filter(name=cursor.name).update(last=key)
        if progress:
            progress(done, total)
    cursor.delete()
    return changed


@transaction.atomic
def _restore(pupil: int, subject: str, number: int) -> bool:
    """A state row for facts that have none."""
    rows.make_state(pupil, subject, active(subject).pk)
    row = rows.lock_state(pupil, subject)
    if row is None or row.number:
        return False
    rows.save_state(row._replace(number=number, waiting=True))
    return refold(pupil, subject)


@unscoped("everybody's states go over to a new version")
def move(subject: str, progress: Progress | None = None) -> int:
    """Bring a subject to the version that the code brings: build its states beside the old ones, then switch."""
    version = begin(subject)
    build(version, progress)
    return switch(version, progress)


def begin(subject: str) -> StateVersion:
    model, parameters, graph = FOLDS[subject].versions
    version, new = StateVersion.objects.get_or_create(
        subject=subject, model=model, parameters=parameters, graph=graph, defaults={"status": StateVersion.BUILDING}
    )
    if not new and version.status == StateVersion.RETIRED:
        version.status = StateVersion.BUILDING
        version.save(update_fields=["status"])
    return version


@unscoped("drafts of everybody's states")
def build(version: StateVersion, progress: Progress | None = None) -> int:
    """Fold a draft for every state that has none; nobody is held up, nothing shows. Returns how many."""
    drafts = StateDraft.objects.filter(version=version, pupil=OuterRef("pupil"))
    made = 0
    missing = list(_states(version.subject).filter(~Exists(drafts)).values_list("pupil", "number").order_by("id"))
    for pupil, number in missing:
        state = folded_anew(pupil, version.subject, version.pk, number)
        StateDraft.objects.update_or_create(version=version, pupil=pupil, defaults={"folded": number, "state": state})
        made += 1
        if progress:
            progress(made, len(missing))
    return made


@unscoped("drafts take the place of everybody's states")
def switch(version: StateVersion, progress: Progress | None = None) -> int:
    """Let each draft catch up and take its state's place, row by row; then new states begin in this version."""
    changed = _switch_rows(version, progress)
    with transaction.atomic():
        StateVersion.objects.filter(subject=version.subject, status=StateVersion.ACTIVE).exclude(pk=version.pk).update(
            status=StateVersion.RETIRED
        )
        StateVersion.objects.filter(pk=version.pk).update(status=StateVersion.ACTIVE)
    changed += _switch_rows(version)  # rows that were begun in the old version meanwhile
    StateDraft.objects.filter(version=version).delete()
    return changed


@unscoped("states left in a retired version")
def stragglers() -> int:
    """Move states that were begun in a version just as it was retired."""
    moved = 0
    for version in StateVersion.objects.filter(status=StateVersion.ACTIVE, subject__in=list(FOLDS)):
        if FOLDS[version.subject].knows(versions_of(version.pk)) and _left_behind(version.subject):
            moved += _switch_rows(version)
    return moved


def _left_behind(subject: str) -> bool:
    """Asked every minute: by the index on the version, never by a walk through everybody's states."""
    retired = list(
        StateVersion.objects.filter(subject=subject, status=StateVersion.RETIRED).values_list("pk", flat=True)
    )
    return bool(retired) and LearnerState.objects.filter(version__in=retired).exists()


def _switch_rows(version: StateVersion, progress: Progress | None = None) -> int:
    old = list(_states(version.subject).exclude(version=version).values_list("pupil", flat=True).order_by("id"))
    for done, pupil in enumerate(old, start=1):
        _switch_one(pupil, version)
        if progress:
            progress(done, len(old))
    return len(old)


@transaction.atomic
def _switch_one(pupil: int, version: StateVersion) -> None:
    row = rows.lock_state(pupil, version.subject)
    if row is None or row.version == version.pk:
        return
    draft = StateDraft.objects.filter(version=version, pupil=pupil).first()
    start = _start(row, pupil, version, draft)
    facts = rows.facts_in_force(pupil, version.subject, start.folded, row.number)
    state = FOLDS[version.subject].fold(start.state, facts, versions_of(version.pk)) if facts else start.state
    rows.save_state(row._replace(version=version.pk, state=state, folded=row.number, waiting=False))
    StateChange.objects.create(pupil=pupil, subject=version.subject)


def _start(row: StateRow, pupil: int, version: StateVersion, draft: StateDraft | None) -> StateRow:
    """Where folding begins: at the draft, unless a correction since then reaches into it."""
    if draft is not None:
        reached = ResponseFact.objects.filter(
            pupil=pupil, subject=version.subject, number__gt=draft.folded, replaces__lte=draft.folded
        )
        if not reached.exists():
            return row._replace(folded=draft.folded, state=bytes(draft.state))
    return row._replace(folded=0, state=b"")


def _states(subject: str) -> QuerySet[LearnerState]:
    return LearnerState.objects.filter(subject=subject)


def _pupils(subject: str, after: int = 0) -> Iterator[tuple[int, int]]:
    """Pupil and key of every state, in order of the key, a chunk at a time."""
    while True:
        chunk = list(_states(subject).filter(id__gt=after).order_by("id").values_list("pupil", "id")[:CHUNK])
        if not chunk:
            return
        yield from chunk
        after = chunk[-1][1]


def _stateless(subject: str) -> list[tuple[int, int]]:
    """Pupils with facts but no state, and their greatest number."""
    states = LearnerState.objects.filter(subject=subject, pupil=OuterRef("pupil"))
    facts = ResponseFact.objects.filter(~Exists(states), subject=subject)
    return list(facts.values("pupil").annotate(most=Max("number")).values_list("pupil", "most"))
