"""Take in a bank: stage the rows of a file that are new, apply them in batches, account for every row.

A row is known by its `key` (origin, the source's own id, what it says, and which repetition of that in the file it
is), and what became of it stands in the ledger. So the same file again stages nothing and gives the same account, and
a killed import goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.db.models import Q

from yincai.core import jobs
from yincai.core.actors import Actor
from yincai.core.models import Job
from yincai.core.scope import STEP
from yincai.knowledge import pool
from yincai.knowledge.actions import tagging
from yincai.knowledge.intake.draft import Draft, doubts
from yincai.knowledge.intake.formats import Row, read
from yincai.knowledge.models import (
    Contradiction,
    FlagReason,
    ImportedRow,
    Item,
    ItemFlag,
    ItemStatus,
    ItemVersion,
    Outcome,
)
from yincai.knowledge.policies import IMPORT
from yincai.records.models import ResponseFact

KIND = "knowledge.items"
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that are mistaken for one another
CODE_LENGTH = 10
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Keyed:
    """A row of the file with the key under which the ledger knows it."""

    row: Row
    key: str


def keyed(name: str, rows: Iterable[Row]) -> list[Keyed]:
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        says = f"{row.draft.external}|{row.draft.digests.whole}" if row.draft else f"|{row.number}|{row.reason}"
        seen[says] = seen.get(says, 0) + 1
        found.append(Keyed(row, sha256(f"{name}|{says}|{seen[says]}".encode()).hexdigest()))
    return found


def take_in(
    name: str, title: str, content: bytes, *, acting_user: Actor, progress: Progress | None = None
) -> tuple[Job | None, list[Keyed]]:
    """Import a file whole; the job is None when nothing in it was new."""
    rows = keyed(name, read(name, content))
    _go_on(_digest(content), acting_user, progress)
    known = _known(each.key for each in rows)
    new = [each for each in rows if each.key not in known]
    job = stage(name, title, content, new, acting_user=acting_user) if new else None
    if job:
        job = jobs.run(job, acting_user=acting_user, progress=progress)
    return job, rows


def take_back(content: bytes, *, acting_user: Actor) -> int:
    """Undo the import of a file; returns how many rows were taken back."""
    rows = 0
    for job in Job.objects.filter(kind=KIND, options__digest=_digest(content)).exclude(state=Job.UNDONE):
        rows += job.applied
        jobs.undo(job, acting_user=acting_user)
    return rows


def stage(name: str, title: str, content: bytes, rows: Iterable[Keyed], *, acting_user: Actor) -> Job:
    """Stage rows; those that the ledger knows already will change nothing."""
    options = {"format": name, "digest": _digest(content)}
    return jobs.stage(KIND, title[:120], map(_payload(name), rows), acting_user=acting_user, options=options)


def _go_on(digest: str, acting_user: Actor, progress: Progress | None) -> None:
    """Finish an import of the same file that was killed."""
    for job in Job.objects.filter(kind=KIND, state=Job.APPLYING, options__digest=digest):
        jobs.run(job, acting_user=acting_user, progress=progress)


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _known(keys: Iterable[str]) -> set[str]:
    everything = list(keys)
    found: set[str] = set()
    for start in range(0, len(everything), 5000):
        some = ImportedRow.objects.filter(key__in=everything[start : start + 5000])
        found.update(some.values_list("key", flat=True))
    return found


def _payload(name: str) -> Callable[[Keyed], dict[str, Any]]:
    def pack(each: Keyed) -> dict[str, Any]:
        draft = each.row.draft.to_data() if each.row.draft else None
        return {
            "row": each.row.number,
            "key": each.key,
            "origin": name,
            "reason": each.row.reason,
            "draft": draft,
        }

    return pack


# -- applying


@dataclass
class _Batch:
    """A batch while it is judged: what is known of sameness, from the database first and then from the batch itself,
    and what is to be written once all its rows are judged."""

    job: Job
    place: str
    actor: Actor
    tags: tagging.Tags
    by_whole: dict[str, Item] = field(default_factory=dict)
    by_options: dict[str, Item] = field(default_factory=dict)
    first_rows: dict[str, ImportedRow] = field(default_factory=dict)  # by the item's code
    drafts: dict[str, Draft] = field(default_factory=dict)  # of the items made here, by code
    items: list[Item] = field(default_factory=list)
    rows: list[ImportedRow] = field(default_factory=list)
    disputes: list[Contradiction] = field(default_factory=list)
    flags: list[ItemFlag] = field(default_factory=list)
    undo: list[_Undo] = field(default_factory=list)

    def meet(self, drafts: list[Draft]) -> None:
        """Items of the same digests that are visible at the importing organisation, the oldest of each."""
        options = {draft.digests.options for draft in drafts}
        same = list(Item._base_manager.filter(visible_at(self.place), options_digest__in=options).order_by("-pk"))
        for item in same:
            self.by_whole[item.digest] = self.by_options[item.options_digest] = item
        made = ImportedRow.objects.filter(item__in=same, outcome__in=(Outcome.IMPORTED, Outcome.HELD))
        self.first_rows = {row.item.code: row for row in made.select_related("item") if row.item}

    def write(self) -> list[Any]:
        Item._base_manager.bulk_create(self.items)
        drafts = self.drafts
        ItemVersion.objects.bulk_create(version_of(item, 1, drafts[item.code], self.actor) for item in self.items)
        for item in self.items:
            self.tags.add(item, drafts[item.code])
        self.tags.write()
        ImportedRow.objects.bulk_create(self.rows)
        Contradiction.objects.bulk_create(self.disputes)
        ItemFlag._base_manager.bulk_create(self.flags)
        return [each.data() for each in self.undo]


@dataclass
class _Undo:
    """What takes a row back; ids are known only once the batch is written."""

    row: ImportedRow | None = None
    item: Item | None = None
    flag: ItemFlag | None = None
    held: Item | None = None
    was: str = ""

    def data(self) -> dict[str, Any]:
        parts = {"row": self.row, "item": self.item, "flag": self.flag, "held": self.held}
        found = {name: str(row.pk) for name, row in parts.items() if row is not None}
        return found | ({"was": self.was} if self.held else {})


def visible_at(place: str) -> Q:
    """Items of an organisation and of those above it."""
    return Q(place__in=[place[:length] for length in range(0, len(place) + 1, STEP)])


def apply(job: Job, payloads: list[jobs.Payload], actor: Actor) -> list[Any]:
    batch = _Batch(job, job.place, actor, tagging.Tags())
    known = _known(payload["key"] for payload in payloads)
    drafts = [Draft(**payload["draft"]) if payload["draft"] else None for payload in payloads]
    batch.meet([draft for draft in drafts if draft])
    taken = _taken([draft.code for draft in drafts if draft and draft.code])
    for payload, draft in zip(payloads, drafts, strict=True):
        if payload["key"] in known:
            batch.undo.append(_Undo())
        elif draft is None:
            _reject(batch, payload, payload["reason"])
        elif unknown := batch.tags.unknown(draft.points):
            _reject(batch, payload, f"没有这样的知识点：{'、'.join(unknown)}。")
        elif draft.code in taken and draft.digests.whole not in batch.by_whole:
            _reject(batch, payload, f"编号 {draft.code} 已是另一道题的；要改那道题，请在它的页面上改。")
        else:
            taken |= {draft.code} if draft.code else set()
            _take(batch, payload, draft)
    back = batch.write()
    pool.changed()
    return back


def _taken(codes: list[str]) -> set[str]:
    return set(Item._base_manager.filter(code__in=codes).values_list("code", flat=True))


def _reject(batch: _Batch, payload: jobs.Payload, reason: str) -> None:
    batch.undo.append(_Undo(_ledger(batch, payload, Outcome.REJECTED, reason=reason[:300])))


def _take(batch: _Batch, payload: jobs.Payload, draft: Draft) -> None:
    own = draft.digests
    same, rival = batch.by_whole.get(own.whole), batch.by_options.get(own.options)
    if same:
        row = _ledger(batch, payload, Outcome.ALIAS, item=same, other=batch.first_rows.get(same.code))
        batch.undo.append(_Undo(row))
        return
    item = _make(batch, payload, draft)
    batch.by_whole[own.whole] = item
    if rival:
        back = _hold(batch, payload, item, rival)
    else:
        back = _Undo(_ledger(batch, payload, Outcome.IMPORTED, item=item), item)
        batch.by_options[own.options] = item
        _doubt(batch, item, draft)
    if back.row:
        batch.first_rows[item.code] = back.row
    batch.undo.append(back)


def _make(batch: _Batch, payload: jobs.Payload, draft: Draft) -> Item:
    own = draft.digests
    item = Item(
        code=draft.code or code_from(payload["key"]),
        kind=draft.kind,
        place=batch.place,
        status=ItemStatus.READY,
        grade=draft.grade,
        difficulty=draft.difficulty,
        collection=draft.collection or batch.job.title[:40],
        plain=draft.plain,
        text_digest=own.text,
        options_digest=own.options,
        digest=own.whole,
    )
    batch.items.append(item)
    batch.drafts[item.code] = draft
    return item


def version_of(item: Item, number: int, draft: Draft, actor: Actor, why: str = "") -> ItemVersion:
    return ItemVersion(
        item=item,
        number=number,
        stem=draft.stem,
        options=draft.options,
        answer=draft.answer,
        hints=draft.hints,
        analysis=draft.analysis,
        images=draft.images,
        difficulty=draft.difficulty,
        guess=draft.guess,
        source=draft.source,
        licence=draft.licence,
        why=why[:200],
        made_by=actor.account.pk,
    )


def code_from(key: str) -> str:
    number, letters = int(key[:24], 16), []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(CODE_ALPHABET))
        letters.append(CODE_ALPHABET[place])
    return "Q" + "".join(letters)


def _hold(batch: _Batch, payload: jobs.Payload, item: Item, rival: Item) -> _Undo:
    """Both wait for a person. An item that a higher level owns stays in use there, with a flag to look into."""
    here, there = batch.drafts[item.code].key, _key(batch, rival)
    item.status = ItemStatus.HELD
    batch.disputes.append(Contradiction(first=rival, second=item))
    other = batch.first_rows.get(rival.code)
    row = _ledger(batch, payload, Outcome.HELD, item=item, met=rival, other=other, reason=contradicts(here, there))
    if other and not other.reason:
        other.reason = contradicts(there, here)
        if not other._state.adding:
            other.save(update_fields=["reason"])
    back = _Undo(row, item)
    if rival.place != batch.place:
        back.flag = _flag(batch, rival, f"{item.code} 的题干和选项相同，答案是 {here}，这里是 {there}。")
    elif rival.status in (ItemStatus.READY, ItemStatus.DRAFT):
        back.held, back.was = rival, rival.status
        rival.status = ItemStatus.HELD
        if rival.pk:
            rival.save(update_fields=["status"])
    return back


def _key(batch: _Batch, item: Item) -> str:
    if item.code in batch.drafts:
        return batch.drafts[item.code].key
    return str(ItemVersion.objects.get(item=item, number=item.version).answer["key"])


def contradicts(here: str, there: str) -> str:
    return f"题干和选项相同，答案不同：这里是 {here}，那里是 {there}。"


def _doubt(batch: _Batch, item: Item, draft: Draft) -> None:
    found = list(doubts(draft))
    if found:
        item.status = ItemStatus.DRAFT
        _flag(batch, item, "".join(found))


def _flag(batch: _Batch, item: Item, words: str) -> ItemFlag:
    words = f"导入时发现：{words}"[:300]
    flag = ItemFlag(item=item, version=item.version, reason=FlagReason.OTHER, words=words, place=batch.place)
    batch.flags.append(flag)
    return flag


def _ledger(batch: _Batch, payload: jobs.Payload, outcome: Outcome, **fields: Any) -> ImportedRow:
    external = (payload["draft"] or {}).get("external", "")[:80]
    row = ImportedRow(
        key=payload["key"], origin=payload["origin"], external=external, outcome=outcome, job=batch.job.pk, **fields
    )
    batch.rows.append(row)
    return row


# -- undoing


def undo(job: Job, rows: list[tuple[jobs.Payload, Any]], actor: Actor) -> None:
    """Take rows back, newest first. An item that somebody has answered is retired and kept: answers name it."""
    for _, back in rows:
        if "row" not in back:
            continue
        ImportedRow.objects.filter(pk=back["row"]).delete()
        ItemFlag._base_manager.filter(pk=back.get("flag")).delete()
        if "item" in back:
            _remove(back["item"])
        if "held" in back and not _disputed(back["held"]):
            Item._base_manager.filter(pk=back["held"], status=ItemStatus.HELD).update(status=back["was"])
    pool.changed()


def _remove(item: int) -> None:
    if ResponseFact._base_manager.filter(item=item).exists():
        Item._base_manager.filter(pk=item).update(status=ItemStatus.RETIRED)
        Contradiction.objects.filter(Q(first=item) | Q(second=item)).delete()
    else:
        Item._base_manager.filter(pk=item).delete()


def _disputed(item: int) -> bool:
    return Contradiction.objects.filter(Q(first=item) | Q(second=item), decided_at=None).exists()


jobs.register_job(jobs.JobKind(KIND, "导入题目", IMPORT, apply, undo))
