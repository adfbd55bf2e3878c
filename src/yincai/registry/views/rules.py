"""Rules in force where one stands, with their sources; and setting a stricter one."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yincai.core.action import ActionError, form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.core.rules import RuleValue, UnknownRule, rule
from yincai.registry.actions.rules import drop_rule, set_rule
from yincai.registry.models import Organisation, RuleEntry, Stage
from yincai.registry.policies import RULES_SEE, RULES_SET
from yincai.registry.rulebook import MARKS, Declared, RuleValueError, rulebook, stage_words
from yincai.registry.rules import paths_above


@dataclass(frozen=True)
class Shown:
    """A rule as a page shows it for one coverage of grades."""

    stage: str
    value: str
    found: RuleValue | None


@requires(RULES_SEE)
@require_GET
def rules(request: Request) -> HttpResponse:
    path = request.actor.place
    groups: dict[str, list[tuple[Declared, list[Shown]]]] = {}
    for declared in rulebook().declared.values():
        groups.setdefault(declared.group, []).append((declared, shown_at(declared, path)))
    values = {"groups": groups, "marks": MARKS, "may_set": RULES_SET.can(request.actor), "day": timezone.localdate()}
    return render(request, "registry/rules.html", values)


def shown_at(declared: Declared, path: str) -> list[Shown]:
    return [_shown(declared, path, stage) for stage in declared.stages]


def _shown(declared: Declared, path: str, stage: str) -> Shown:
    try:
        found = rule(declared.id, path, stage=stage)
    except UnknownRule:  # its day has not come
        return Shown(stage_words(stage), "尚未生效", None)
    return Shown(stage_words(stage), declared.shown_limit(found.value), found)


ALL = "all"  # in the form; in the table all stages are the empty text


class RuleForm(forms.Form):
    stage = forms.ChoiceField(label="适用学段")
    value = forms.CharField(label="本级的值")
    effective_from = forms.DateField(
        label="从哪天起", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    source = forms.CharField(label="依据", max_length=200, help_text="文件名称和文号，或会议决定。会显示给受影响的人。")
    blocks = forms.BooleanField(label="违反时直接拦住（不勾：只提醒）", required=False)

    def __init__(self, *args: object, declared: Declared, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.declared = declared
        stages = dict.fromkeys([*declared.stages, *Stage.values])
        self.fields["stage"].choices = [(stage or ALL, stage_words(stage)) for stage in stages]  # type: ignore[attr-defined]
        self.fields["value"] = self._value_field()

    def _value_field(self) -> forms.Field:
        declared = self.declared
        if declared.kind == "choice":
            return forms.ChoiceField(label="本级的值", choices=declared.choices)
        if declared.kind == "yes":
            return forms.ChoiceField(label="本级的值", choices=[("true", "执行"), ("false", "不执行")])
        unit = f"单位：{declared.unit}。" if declared.unit else ""
        return forms.CharField(label="本级的值", help_text=unit + "只能比上级更严。")

    def clean_stage(self) -> str:
        stage: str = self.cleaned_data["stage"]
        return "" if stage == ALL else stage

    def clean_value(self) -> object:
        try:
            return self.declared.read(self.cleaned_data["value"])
        except RuleValueError as error:
            raise forms.ValidationError(str(error)) from error


@requires(RULES_SET)
@require_http_methods(["GET", "POST"])
def rule_set(request: Request, rule_id: str) -> HttpResponse:
    declared = rulebook().declared.get(rule_id)
    place = Organisation.objects.filter(pk=request.actor.role.organisation).first() if request.actor.role else None
    if declared is None or place is None:
        raise Http404
    first = {"effective_from": timezone.localdate(), "stage": declared.stages[0] or ALL}
    form = RuleForm(request.POST or None, declared=declared, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            set_rule(rule_id, place, **form.cleaned_data, acting_user=request.actor, key=form_key(request))
        except ActionError as error:
            form.add_error(None, str(error))
        else:
            day = form.cleaned_data["effective_from"]
            messages.success(request, f"已设定“{declared.title}”，从 {day} 起在本级和下级生效。")
            return redirect("registry-rule", rule_id)
    values = {
        "declared": declared,
        "place": place,
        "form": form,
        "fixed": declared.kind in ("fixed", "ranges"),
        "shown": shown_at(declared, place.path),
        "mark": MARKS[declared.mark],
        "bound": declared.shown(declared.bound) if declared.bound is not None else "",
        "own": [_entry(declared, row) for row in RuleEntry.objects.filter(rule=rule_id, organisation=place)],
        "above": [
            _entry(declared, row)
            for row in RuleEntry.objects.filter(rule=rule_id, organisation__path__in=paths_above(place.path))
        ],
    }
    return render(request, "registry/rule.html", values, status=422 if form.errors else 200)


def _entry(declared: Declared, row: RuleEntry) -> dict[str, object]:
    return {"row": row, "value": declared.shown_limit(row.value), "stage": stage_words(row.stage)}


@requires(RULES_SET)
@require_POST
def rule_drop(request: Request, pk: int) -> HttpResponse:
    place = request.actor.role.organisation if request.actor.role else None
    row = RuleEntry.objects.filter(organisation=place, pk=pk).first()
    if row is None:
        raise Http404
    drop_rule(row, acting_user=request.actor, key=form_key(request))
    messages.success(request, "已取消本级的设定，按上级的执行。")
    return redirect("registry-rule", row.rule)
