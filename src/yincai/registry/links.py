"""Links that the pages of a class and of a person show to who may follow them."""

from __future__ import annotations

from django.urls import reverse

from yincai.core.actors import Actor
from yincai.registry.models import Organisation, Person
from yincai.registry.policies import CONSENT_ENTER, GUARDIANS_BIND, PASSWORDS_GIVE, PERSON_MEND

Link = tuple[str, str]
OF_A_CLASS = (
    (PASSWORDS_GIVE, "发初始密码", "registry-passwords"),
    (GUARDIANS_BIND, "印家长绑定码", "registry-codes"),
    (CONSENT_ENTER, "录入纸质同意书", "registry-consent-class"),
)


def class_links(actor: Actor, school_class: Organisation) -> list[Link]:
    allowed = [(label, name) for needed, label, name in OF_A_CLASS if needed.can(actor, school_class)]
    return [(label, reverse(name, args=[school_class.pk])) for label, name in allowed]


def person_links(actor: Actor, person: Person, school_class: Organisation | None = None) -> list[Link]:
    """A pupil's password is given on the page of the class; anybody else's on a page of its own."""
    if person.account_id is None:
        return []
    if school_class is not None and PASSWORDS_GIVE.can(actor, school_class):
        return [("重设密码", f"{reverse('registry-passwords', args=[school_class.pk])}?pupil={person.pk}")]
    if PERSON_MEND.can(actor, person):
        return [("重设密码", reverse("registry-person-password", args=[person.pk]))]
    return []
