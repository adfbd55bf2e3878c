"""The cast: the people of every test. 示范市 has two districts and three schools; 王老师 teaches 五（1）班 of 第一小学.

    def test_something(cast): ...
        cast.wang        # Person 王静, a teacher; cast.actor(cast.wang) acts as her; cast.client(cast.wang) her browser

`stranger` people of 第二小学 and of the other district exist to prove that nothing is reachable across schools.
"""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

from django.contrib.auth.hashers import make_password
from django.db.models import Model
from django.test import Client

from yincai.core import crypto
from yincai.core.actors import Actor, actor_for, installation
from yincai.core.models import Account
from yincai.core.scope import unscoped
from yincai.knowledge import pool
from yincai.records.versions import versions_of
from yincai.registry import rules
from yincai.registry.models import (
    ConsentEntry,
    Guardianship,
    Organisation,
    Person,
    Pseudonym,
    Purpose,
    RoleHeld,
    School,
    Teaching,
)
from yincai.registry.signin import SECOND_FACTOR_DONE

Row = TypeVar("Row", bound=Model)
PASSWORD = "cast-Passw0rd"
BEGAN = date(2024, 9, 1)


def forget() -> None:
    """What the process remembers of another test's database: keys, the bank, the table of rules, and by the ids that a
    row taken back leaves to the next one, what a version of the states stands for."""
    crypto.forget_keys()
    pool.forget()
    rules.forget()
    versions_of.cache_clear()


class Cast:
    """Built once for each test that asks for it; all rows lie in the test's transaction.

    Hundreds of tests build the city, so its rows are written together, table by table; what a test adds is written at
    once.
    """

    def __init__(self) -> None:
        forget()
        self._together: dict[type[Model], list[Any]] | None = {}
        with unscoped("the cast builds the whole city"):
            self._organisations()
            self._people()
            for model, rows in self._together.items():
                model._base_manager.bulk_create(rows)
        self._together = None

    def _write(self, row: Row) -> Row:
        if self._together is None:
            row.save(force_insert=True)
        else:
            self._together.setdefault(type(row), []).append(row)
        return row

    def _beside(self, parent: Organisation | None) -> int:
        """How many organisations the parent has by now."""
        if self._together is None:
            return Organisation.objects.filter(parent=parent).count()
        return sum(each.parent is parent for each in self._together.get(Organisation, []))

    def _organisations(self) -> None:
        self.city = self.organisation("city", "示范市", "330000", None)
        self.east = self.organisation("district", "东城区", "330102", self.city)
        self.west = self.organisation("district", "西城区", "330103", self.city)
        self.first = self.school("示范市第一小学", "3301020001", self.east, "primary")
        self.second = self.school("示范市第二小学", "3301020002", self.east, "primary")
        self.junior = self.school("西城初级中学", "3301030001", self.west, "junior")
        self.grade5 = self.organisation("grade", "五年级", "", self.first, grade=5)
        self.class51 = self.organisation("class", "五（1）班", "", self.grade5, grade=5)
        self.class52 = self.organisation("class", "五（2）班", "", self.grade5, grade=5)
        other = self.organisation("grade", "五年级", "", self.second, grade=5)
        self.other_class = self.organisation("class", "五（1）班", "", other, grade=5)
        seven = self.organisation("grade", "七年级", "", self.junior, grade=7)
        self.class71 = self.organisation("class", "七（1）班", "", seven, grade=7)

    def _people(self) -> None:
        self.ming = self.pupil("小明", "xiaoming", self.class51, 1)
        self.hong = self.pupil("小红", "xiaohong", self.class51, 2)
        self.gang = self.pupil("小刚", "xiaogang", self.class51, 3, keeps=False)  # no consent
        self.far = self.pupil("小远", "xiaoyuan", self.other_class, 1)
        self.wang = self.person("王静", "wanglaoshi", ("teacher", self.first))
        self.teach(self.wang, self.class51, leads=True)
        self.chen = self.person("陈远", "chenlaoshi", ("teacher", self.second))
        self.teach(self.chen, self.other_class)
        self.mother = self.person("小明妈妈", "mama", ("guardian", self.first))
        self._write(Guardianship(guardian=self.mother, child=self.ming, relation="母亲", since=BEGAN))
        self.li = self.person("李校长", "lixiaozhang", ("head", self.first))
        self.clerk = self.person("周管理", "zhouguanli", ("school_admin", self.first))
        self.zhao = self.person("赵科长", "zhaokezhang", ("district_officer", self.east))
        self.qian = self.person("钱处长", "qianchuzhang", ("city_officer", self.city))
        self.admin = self.person("系统管理员", "guanliyuan", ("admin", self.city))
        self.sun = self.person("孙教研", "sunjiaoyan", ("researcher", self.east))
        self.expert = self.person("吴教授", "wujiaoshou", ("expert", self.city))

    def organisation(
        self, kind: str, name: str, code: str, parent: Organisation | None, grade: int | None = None
    ) -> Organisation:
        path = (parent.path if parent else "") + f"{self._beside(parent) + 1:04d}"
        return self._write(
            Organisation(kind=kind, name=name, code=code, parent=parent, path=path, grade=grade, since=BEGAN)
        )

    def school(self, name: str, code: str, district: Organisation, kind: str) -> Organisation:
        node = self.organisation("school", name, code, district)
        self._write(School(organisation=node, kind=kind, area="urban", teachers=60, places=1200))
        return node

    def person(self, name: str, username: str, *roles: tuple[str, Organisation], number: int | None = None) -> Person:
        account = self._write(Account(username=username, password=make_password(PASSWORD)))
        person = self._write(Person(name=name, account=account))
        for role, place in roles:
            self._write(RoleHeld(person=person, name=role, organisation=place, number=number, since=BEGAN))
        return person

    def pupil(self, name: str, username: str, school_class: Organisation, number: int, keeps: bool = True) -> Person:
        person = self.person(name, username, ("pupil", school_class), number=number)
        self._write(Pseudonym(person=person, keeps=keeps))
        return person

    def consent(self, child: Person, *purposes: Purpose, granted: bool = True) -> None:
        """Rows of the ledger alone (`keeps` is set by `pupil`): on paper, entered by the child's own account."""
        with unscoped("the cast's consents"):
            for purpose in purposes:
                ConsentEntry.objects.create(
                    child=child,
                    purpose=purpose,
                    granted=granted,
                    how="paper",
                    signed_on=BEGAN,
                    entered_by=child.account_id,
                )

    def teach(self, teacher: Person, school_class: Organisation, subject: str = "数学", leads: bool = False) -> None:
        self._write(Teaching(person=teacher, school_class=school_class, subject=subject, leads=leads, since=BEGAN))

    def actor(self, person: Person) -> Actor:
        return actor_for(person.account)

    @property
    def system(self) -> Actor:
        return installation()

    def client(self, person: Person, **session: Any) -> Client:
        """A signed-in browser of this person (second factor taken as done)."""
        client = Client()
        client.force_login(person.account, backend="allauth.account.auth_backends.AuthenticationBackend")
        kept = client.session
        kept.update({SECOND_FACTOR_DONE: True, **session})
        kept.save()
        return client

    def everybody(self) -> dict[str, Person]:
        """One person for each role, for the permission table."""
        return {
            "pupil": self.ming,
            "guardian": self.mother,
            "teacher": self.wang,
            "head": self.li,
            "school_admin": self.clerk,
            "researcher": self.sun,
            "district_officer": self.zhao,
            "city_officer": self.qian,
            "admin": self.admin,
            "expert": self.expert,
        }
