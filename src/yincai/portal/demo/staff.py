"""Who teaches what: each kind of school has its curriculum, each teacher a bearable load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from yincai.portal.demo.timetable import MAIN, Taught
from yincai.registry.models import SchoolKind

Hours = Mapping[str, int]
LED = frozenset({"班队会", "班会", "自习"})  # held by whoever leads the class


def _hours(text: str) -> Hours:
    """`语文 8 数学 5` as a mapping."""
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


KINDERGARTEN = _hours("健康 4 语言 4 社会 3 科学 4 艺术 5")
LOWER = _hours("语文 8 数学 5 道德与法治 2 科学 1 体育与健康 4 音乐 2 美术 2 劳动 1 综合实践 1 校本课程 3 班队会 1")
UPPER = _hours(
    "语文 6 数学 5 英语 3 道德与法治 2 科学 2 体育与健康 4 音乐 2 美术 2 信息科技 1 劳动 1 综合实践 1 班队会 1"
)
SEVENTH = _hours(
    "语文 6 数学 5 英语 5 道德与法治 2 历史 2 地理 2 生物学 2 体育与健康 3 音乐 1 美术 1 信息科技 1 劳动 1"
    " 综合实践 1 校本课程 2 班会 1"
)
EIGHTH = _hours(
    "语文 6 数学 5 英语 5 道德与法治 2 历史 2 地理 2 生物学 2 物理 3 体育与健康 3 音乐 1 美术 1 信息科技 1 劳动 1"
    " 班会 1"
)
NINTH = _hours("语文 6 数学 6 英语 5 道德与法治 2 历史 2 物理 4 化学 3 体育与健康 3 音乐 1 美术 1 劳动 1 班会 1")
SENIOR = _hours(
    "语文 6 数学 6 英语 6 物理 4 化学 4 生物学 3 思想政治 3 历史 3 地理 3 体育与健康 2 音乐 1 美术 1"
    " 信息技术 1 班会 1 自习 1"
)
VOCATIONAL = _hours(
    "语文 4 数学 4 英语 3 思想政治 2 历史 1 信息技术 3 体育与健康 2 艺术 1 劳动 1 专业基础 6 专业实训 7 班会 1"
)
SPECIAL = _hours(
    "生活语文 6 生活数学 5 生活适应 4 劳动技能 3 唱游与律动 3 绘画与手工 3 运动与保健 4 康复训练 1 班队会 1"
)


def curriculum(kind: str, grade: int) -> Hours:
    """Subject → lessons a week."""
    by_kind = {
        SchoolKind.KINDERGARTEN.value: KINDERGARTEN,
        SchoolKind.SENIOR.value: SENIOR,
        SchoolKind.VOCATIONAL.value: VOCATIONAL,
        SchoolKind.SPECIAL.value: SPECIAL,
    }
    if kind in by_kind:
        return by_kind[kind]
    return {7: SEVENTH, 8: EIGHTH, 9: NINTH}.get(grade, LOWER if grade <= 2 else UPPER)


# Subjects that one teacher may hold together, and the lessons a week after which another one is hired.
POSTS: dict[str, tuple[tuple[tuple[str, ...], int], ...]] = {
    SchoolKind.KINDERGARTEN.value: ((("健康", "语言", "社会"), 11), (("科学", "艺术"), 9)),
    SchoolKind.SPECIAL.value: (
        (("生活语文",), 12),
        (("生活数学",), 15),
        (("生活适应", "劳动技能"), 14),
        (("唱游与律动", "绘画与手工"), 15),
        (("运动与保健", "康复训练"), 16),
    ),
    "": (
        (("语文",), 14),
        (("数学",), 15),
        (("英语",), 16),
        (("道德与法治", "思想政治", "劳动", "综合实践", "校本课程"), 18),
        (("科学", "信息科技", "信息技术"), 17),
        (("体育与健康",), 18),
        (("音乐", "美术", "艺术"), 17),
        (("物理", "化学"), 14),
        (("历史", "地理", "生物学"), 15),
        (("专业基础", "专业实训"), 16),
    ),
}


@dataclass
class Post:
    """One teacher's work at a school: lessons a week by (class, subject), and the class led."""

    subjects: tuple[str, ...]
    lessons: dict[tuple[UUID, str], int] = field(default_factory=dict)
    leads: UUID | None = None

    @property
    def load(self) -> int:
        return sum(self.lessons.values())

    @property
    def main(self) -> str:
        """The subject held most."""
        hours: dict[str, int] = defaultdict(int)
        for (_, subject), count in self.lessons.items():
            hours[subject] += count
        return max(hours, key=lambda subject: hours[subject])


@dataclass(frozen=True)
class ClassNeed:
    """`by_maths`: the mathematics teacher is to lead it."""

    id: UUID
    hours: Hours
    by_maths: bool


def posts_of(kind: str, classes: Sequence[ClassNeed]) -> list[Post]:
    """As many teachers as the lessons need, each class led by one of its own."""
    posts: list[Post] = []
    for subjects, most in POSTS.get(kind, POSTS[""]):
        posts += _hire(subjects, most, classes)
    _lead(classes, posts)
    return posts


def _hire(subjects: tuple[str, ...], most: int, classes: Sequence[ClassNeed]) -> list[Post]:
    posts: list[Post] = []
    for subject in subjects:
        for each in classes:
            hours = each.hours.get(subject, 0)
            if not hours:
                continue
            if not posts or posts[-1].load + hours > most:
                posts.append(Post(subjects))
            posts[-1].lessons[each.id, subject] = hours
    return posts


def _lead(classes: Sequence[ClassNeed], posts: Sequence[Post]) -> None:
    """Each class is led by whoever teaches it the wanted subject; where that teacher leads another one, by anybody who
    teaches there, a main subject if possible."""
    for each in classes:
        wanted = (each.id, "数学" if each.by_maths else "语文")
        lead = next((post for post in posts if wanted in post.lessons and post.leads is None), None)
        if lead:
            lead.leads = each.id
    led = {post.leads: post for post in posts}
    for each in classes:
        if each.id not in led:
            led[each.id] = min(posts, key=lambda post: _unfit(post, each))
            led[each.id].leads = each.id
        for subject in LED & each.hours.keys():
            led[each.id].lessons[each.id, subject] = each.hours[subject]


def _unfit(post: Post, each: ClassNeed) -> tuple[bool, bool, bool, int]:
    held = {subject for place, subject in post.lessons if place == each.id}
    return (not held, post.leads is not None, not held & MAIN, post.load)


def taught(posts: Mapping[UUID, Post]) -> list[Taught]:
    """Teacher → post, as lessons to be placed in the week."""
    return [
        Taught(school_class, teacher, subject, hours)
        for teacher, post in posts.items()
        for (school_class, subject), hours in post.lessons.items()
    ]
