"""The schools of the demo city, and how much practice there is."""

from __future__ import annotations

from dataclasses import dataclass

from yincai.registry.models import SchoolKind
from yincai.registry.naming import GRADES as GRADE_NAMES

Kind = SchoolKind
CITY, CITY_CODE = "示范市", "339900"  # a code that no real place has
DISTRICTS = (("东湖区", "339901"), ("南岭区", "339902"), ("北山县", "339921"))
ZONE, GROUP = "东湖学区", "明德教育集团"
PRACTISING = (Kind.PRIMARY, Kind.JUNIOR, Kind.NINE_YEAR)
GRADES = range(3, 9)  # grades that the generators reach


@dataclass(frozen=True)
class SchoolSize:
    """`classes` in each grade, `pupils` in each class; `level`: how far its pupils stand above the city, in logits.
    `grades`: names of the grades it has; empty: all of its kind."""

    district: int
    name: str
    kind: SchoolKind
    area: str
    latitude: float
    longitude: float
    classes: int
    pupils: int
    level: float = 0.0
    grades: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()


@dataclass(frozen=True)
class Size:
    """`answers`: how many, about, over all pupils whose practice is kept."""

    schools: tuple[SchoolSize, ...]
    answers: int


FULL = Size(
    schools=(
        SchoolSize(0, "东湖实验小学", Kind.PRIMARY, "urban", 29.882, 121.561, 3, 36, 0.25, overlays=(ZONE, GROUP)),
        SchoolSize(0, "东湖第一初级中学", Kind.JUNIOR, "urban", 29.877, 121.573, 4, 40, 0.2, overlays=(ZONE,)),
        SchoolSize(0, "示范市第一高级中学", Kind.SENIOR, "urban", 29.869, 121.549, 4, 42),
        SchoolSize(0, "东湖机关幼儿园", Kind.KINDERGARTEN, "urban", 29.884, 121.555, 2, 25, overlays=(ZONE,)),
        SchoolSize(1, "南岭中心小学", Kind.PRIMARY, "town", 29.741, 121.488, 2, 36, 0.0, overlays=(GROUP,)),
        SchoolSize(1, "南岭九年一贯学校", Kind.NINE_YEAR, "town", 29.735, 121.502, 2, 32, -0.05),
        SchoolSize(1, "示范市职业技术学校", Kind.VOCATIONAL, "town", 29.752, 121.471, 2, 36),
        SchoolSize(1, "南岭幼儿园", Kind.KINDERGARTEN, "town", 29.744, 121.491, 1, 24),
        SchoolSize(2, "北山第一小学", Kind.PRIMARY, "town", 30.121, 121.304, 2, 34, -0.1),
        SchoolSize(2, "青石乡小学", Kind.PRIMARY, "rural", 30.208, 121.237, 1, 22, -0.25, overlays=(GROUP,)),
        SchoolSize(2, "北山初级中学", Kind.JUNIOR, "rural", 30.117, 121.311, 3, 36, -0.2),
        SchoolSize(2, "示范市特殊教育学校", Kind.SPECIAL, "town", 30.109, 121.322, 1, 8),
    ),
    answers=400_000,
)
TINY = Size(
    schools=(
        SchoolSize(
            0,
            "东湖实验小学",
            Kind.PRIMARY,
            "urban",
            29.882,
            121.561,
            2,
            15,
            0.2,
            grades=("四年级", "五年级"),
            overlays=(ZONE, GROUP),
        ),
    ),
    answers=1_200,
)


def grades_of(school: SchoolSize) -> list[int]:
    return [grade for grade, name, _ in GRADE_NAMES[school.kind] if not school.grades or name in school.grades]
