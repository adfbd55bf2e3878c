"""After the time the rule allows, the link between a pupil who left and the records is taken away."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tests.cast import Cast
from yincai.core.actors import acting
from yincai.core.models import AuditRow
from yincai.core.rules import rule
from yincai.registry.models import Person, Pseudonym, RoleHeld
from yincai.registry.tasks import unlink_departed


def leave(person: Person, days_ago: int) -> None:
    until = timezone.localdate() - timedelta(days=days_ago)
    RoleHeld.objects.filter(person=person, name="pupil").update(until=until)


def test_only_who_left_long_enough_ago_is_unlinked(cast: Cast) -> None:
    with acting(cast.system):
        months = int(rule("pi.keep", cast.first.path).value)
        leave(cast.ming, 31 * months + 2)
        leave(cast.hong, 31 * months - 40)
        unlink_departed.func(account=str(cast.system.account.pk), role=None)
        assert not Pseudonym.objects.filter(person=cast.ming).exists()
        assert Pseudonym.objects.filter(person__in=[cast.hong, cast.gang]).count() == 2
        assert Person.objects.filter(pk=cast.ming.pk).exists()
    assert AuditRow.objects.filter(verb="registry.unlink").count() == 1


def test_a_pupil_who_moved_to_another_school_keeps_the_link(cast: Cast) -> None:
    with acting(cast.system):
        leave(cast.ming, 4000)
        RoleHeld.objects.create(person=cast.ming, name="pupil", organisation=cast.other_class)
        unlink_departed.func(account=str(cast.system.account.pk), role=None)
        assert Pseudonym.objects.filter(person=cast.ming).exists()
