"""What the pages of the bank share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import Http404

from yincai.core.action import ActionError
from yincai.core.http import Request
from yincai.core.models import StoredFile
from yincai.knowledge.generators import AnyGenerator, Variant, get
from yincai.knowledge.grading.rules import AnswerSpec
from yincai.knowledge.items import LETTERS, Image, shown_answer, variant_spec
from yincai.knowledge.models import Item, ItemVersion

Row = TypeVar("Row")
PAGE = 20


def paged(request: Request, rows: Any, each: int = PAGE) -> Page[Any]:
    return Paginator(rows, each).get_page(request.GET.get("page"))


def say_of(request: Request, do: Callable[[], Row], done: str) -> Row | None:
    """For buttons without a form to return to: the outcome is said on the next page."""
    try:
        row = do()
    except ActionError as error:
        messages.error(request, str(error))
        return None
    messages.success(request, done)
    return row


def form_of(form: BaseForm, do: Callable[[], Row]) -> Row | None:
    """For forms: what an action refuses stands at the head of the form, and nothing typed is lost."""
    try:
        return do()
    except ActionError as error:
        form.add_error(None, str(error))
        return None


def item_of(rows: QuerySet[Item], pk: int) -> Item:
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


class Shown:
    """An item as a list or a page shows it: its current version, or a variant of its generator. `seed`: that of an
    answer or of what somebody looked at; without one, any of the item's variants."""

    def __init__(self, item: Item, version: ItemVersion, seed: int | None = None) -> None:
        self.item = item
        self.version = version
        self.seed: int | None = None
        self._variant: Variant | None = None
        if item.generator:
            self.seed = self._seed_from(1) if seed is None else seed
            self._variant = self._maker.make(self.seed, item.depth or 1)

    @property
    def _maker(self) -> AnyGenerator:
        return get(self.item.generator, self.version.number)

    def _seed_from(self, start: int) -> int:
        return self._maker.seed_about(self.item.topic, start, self.item.depth or 1)

    @property
    def next_seed(self) -> int | None:
        """Of another variant."""
        return None if self.seed is None else self._seed_from(self.seed + 1)

    @property
    def stem(self) -> str:
        return self._variant.stem if self._variant else self.version.stem

    @property
    def options(self) -> list[tuple[str, str]]:
        texts = self._variant.options if self._variant else self.version.options
        return list(zip(LETTERS, texts, strict=False))

    @property
    def images(self) -> list[Image]:
        return [Image(image["file"], image["alt"]) for image in self.version.images]

    @property
    def unit(self) -> str:
        return self._variant.unit if self._variant else str(self.version.answer.get("unit", ""))

    @property
    def key(self) -> str:
        return self._variant.answer if self._variant else str(self.version.answer.get("key", ""))

    @property
    def answer(self) -> str:
        if self._variant:
            return self._said(self._variant.answer)
        return shown_answer(AnswerSpec.from_data(self.version.answer), self.version.options)

    @property
    def hints(self) -> list[tuple[str, str]]:
        return (
            list(self._variant.hints.before) if self._variant else [(name, text) for name, text in self.version.hints]
        )

    @property
    def analysis(self) -> str:
        return self._variant.hints.solution if self._variant else self.version.analysis

    @property
    def causes(self) -> list[tuple[str, str]]:
        """Wrong answers of this variant, and the cause each shows."""
        if not self._variant:
            return []
        rules = self._maker.malrules
        return [(self._said(fault.answer), rules[fault.malrule].name) for fault in self._variant.faults]

    def _said(self, answer: str) -> str:
        """An answer of the variant, right or wrong, as a page shows it."""
        assert self._variant is not None  # noqa: S101 - asked only of variants
        return shown_answer(replace(variant_spec(self._variant), key=answer), self._variant.options)

    @property
    def title(self) -> str:
        """What the item is about: a generator's skill and what of it this variant asks, else the item's code."""
        if self._variant is None:
            return self.item.code
        return f"{self._maker.name}（{self._maker.depths[self._variant.depth - 1].called(self._variant.points[0])}）"


def shown(items: list[Item]) -> list[Shown]:
    """The items of a page with their current versions, in two queries."""
    rows = ItemVersion.objects.filter(item__in=items)
    versions = {(row.item_id, row.number): row for row in rows}
    return [Shown(item, versions[item.pk, item.version]) for item in items if (item.pk, item.version) in versions]


def picture(pk: object) -> StoredFile | None:
    return StoredFile.objects.filter(pk=pk, personal=False).first()
