"""The declared table of units: how each is written, what it measures, and its size.

Only units of the same quantity convert into one another; a count word (个, 棵, 本 …) is a quantity of
its own. Sizes are exact fractions of the first unit of each quantity.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

# quantity → (name, other spellings, size)
_TABLE: dict[str, tuple[tuple[str, str, str], ...]] = {
    "长度": (
        ("米", "m 公尺", "1"),
        ("千米", "km 公里", "1000"),
        ("分米", "dm", "1/10"),
        ("厘米", "cm 公分", "1/100"),
        ("毫米", "mm", "1/1000"),
    ),
    "面积": (
        ("平方米", "m2 m² ㎡", "1"),
        ("平方千米", "km2 km² 平方公里", "1000000"),
        ("公顷", "ha hm2", "10000"),
        ("平方分米", "dm2 dm²", "1/100"),
        ("平方厘米", "cm2 cm²", "1/10000"),
        ("平方毫米", "mm2 mm²", "1/1000000"),
    ),
    "体积": (
        ("立方米", "m3 m³", "1"),
        ("立方分米", "dm3 dm³", "1/1000"),
        ("立方厘米", "cm3 cm³", "1/1000000"),
        ("升", "L l", "1/1000"),
        ("毫升", "mL ml", "1/1000000"),
    ),
    "质量": (
        ("千克", "kg 公斤", "1"),
        ("克", "g", "1/1000"),
        ("吨", "t", "1000"),
        ("毫克", "mg", "1/1000000"),
        ("斤", "", "1/2"),
    ),
    "时间": (
        ("秒", "s", "1"),
        ("分", "分钟 min", "60"),
        ("时", "小时 h 个小时", "3600"),
        ("天", "日", "86400"),
        ("周", "星期", "604800"),
    ),
    "月份": (("月", "个月", "1"), ("年", "", "12")),
    "人民币": (("元", "", "1"), ("角", "", "1/10"), ("万元", "", "10000")),
    "角度": (("度", "° º", "1"),),
    "温度": (("摄氏度", "℃ °C", "1"),),
}
_COUNTS = (
    "个 只 人 名 本 棵 条 辆 箱 盒 袋 支 枝 张 头 匹 朵 座 间 页 件 套 双 瓶 杯 块 根 颗 粒 次 组 排 行 "
    "户 台 架 节 盆 包 枚 层 种 道 题 岁 桶 场 倍 步 圈 家 位 班 筐 艘 株 份 把 幅 面 段 对"
)


@dataclass(frozen=True, slots=True)
class Unit:
    name: str
    quantity: str
    size: Fraction


def _build() -> tuple[dict[str, Unit], dict[str, str]]:
    units: dict[str, Unit] = {}
    spelt: dict[str, str] = {}
    for quantity, rows in _TABLE.items():
        for name, others, size in rows:
            units[name] = Unit(name, quantity, Fraction(size))
            spelt.update(dict.fromkeys([name, *others.split()], name))
    for word in _COUNTS.split():
        units[word] = Unit(word, word, Fraction(1))
        spelt[word] = word
    return units, spelt


_UNITS, SPELLINGS = _build()
_LONGEST = max(map(len, SPELLINGS))
# 分 counts minutes or a tenth of 角; the item's own unit or the neighbouring part tells which.
_FEN = Unit("分", "人民币", Fraction(1, 100))
RATE_SIGNS = "/每"


def _at(text: str, start: int) -> tuple[str, int] | None:
    """The unit without a rate that is spelt at `start`, longest first."""
    for length in range(min(_LONGEST, len(text) - start), 0, -1):
        word = text[start : start + length]
        if word in SPELLINGS:
            return SPELLINGS[word], start + length
    return None


def match_at(text: str, start: int) -> tuple[str, int] | None:
    """The unit spelt at `start` of the folded text and where it ends: 千米, cm^2, km/h."""
    found = _power_at(text, start)
    if found is None:
        return None
    name, end = found
    if end < len(text) - 1 and text[end] in RATE_SIGNS:
        below = _power_at(text, end + 1)
        if below is not None:
            return f"{name}/{below[0]}", below[1]
    return name, end


def _power_at(text: str, start: int) -> tuple[str, int] | None:
    """cm^2 and cm^{2} are spelt like cm2."""
    for mark in ("^{", "^"):
        for power in "23":
            tail = mark + power + ("}" if mark == "^{" else "")
            for stem in ("mm", "cm", "dm", "km", "m"):
                if text.startswith(stem + tail, start):
                    return SPELLINGS[stem + power], start + len(stem + tail)
    return _at(text, start)


@lru_cache(maxsize=512)
def unit(name: str, near: str = "") -> Unit:
    """The unit of a canonical name or spelling; `near` settles 分 (时/秒: minutes, 元/角: money)."""
    if "/" in name:
        above, below = (unit(part) for part in name.split("/", 1))
        quantity = f"{above.quantity}/{below.quantity}"
        return Unit(f"{above.name}/{below.name}", quantity, above.size / below.size)
    if name == "分" and near and unit(near).quantity == "人民币":
        return _FEN
    return _UNITS[SPELLINGS[name]]


def known(name: str) -> bool:
    return all(part in SPELLINGS for part in name.split("/", 1))
