"""Names for people who do not exist."""

from __future__ import annotations

from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
WEIGHTS = [1 / (rank + 6) for rank in range(len(SURNAMES))]
CHILDREN = {
    "1": _words(
        """
        子轩 浩然 宇航 俊杰 梓豪 一鸣 天佑 嘉铭 皓宇 晨阳 思远 泽宇 博文 瑞霖 奕辰 景行 承志 知远 沐阳 书豪
        明哲 星辰 振宇 文昊 家乐 逸飞 立恒 昱辰 靖宇 乐山 云舟 鹏程 致远 安然 昊天 晓峰 亦凡 怀瑾 佳航 锦程
        启明 修远 元恺 柏霖 望舒 岩 磊 晟 凯 睿 航 辉
        """
    ),
    "2": _words(
        """
        欣怡 雨桐 梓涵 诗涵 可馨 思琪 佳怡 语嫣 梦瑶 若曦 一诺 依诺 紫萱 心怡 雅静 晓雯 静姝 婉清 清妍 书瑶
        艺涵 乐怡 沐晴 芷若 念慈 知夏 听雨 星语 云溪 秋月 采薇 舒窈 明月 安琪 初晴 以沫 嘉禾 子衿 木子 南乔
        锦瑟 雨薇 悦宁 佳慧 玉洁 思敏 岚 玥 萌 倩 颖 珊
        """
    ),
}
GROWN = {
    "1": _words(
        """
        建国 志强 伟 勇 军 磊 涛 明 斌 鹏 海波 国庆 永刚 文斌 新华 建军 卫东 立新 春生 晓东 德明 家栋 长青
        学文 广平 志远 振华 宏伟 庆丰 少华 世杰 正国 光明 耀华 万里 克勤 思源 承宗
        """
    ),
    "2": _words(
        """
        秀英 丽 敏 静 艳 娟 霞 燕 玲 桂芳 红梅 海燕 晓红 丽华 春梅 雪梅 素芬 慧敏 月琴 美玲 文静 佩珊 淑贞
        玉兰 晓燕 翠萍 雅琴 惠芳 亚男 立群 小兰 明霞 若兰 巧云 婷 洁
        """
    ),
}


class Names:
    """Drawn with the city's own dice."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice

    def surname(self) -> str:
        return self._dice.choices(SURNAMES, WEIGHTS)[0]

    def child(self, sex: str, surname: str, taken: set[str]) -> str:
        """One that nobody in the class has yet."""
        for _ in range(50):
            name = surname + self._dice.choice(CHILDREN[sex])
            if name not in taken:
                break
        taken.add(name)
        return name

    def grown(self, sex: str, surname: str = "") -> str:
        return (surname or self.surname()) + self._dice.choice(GROWN[sex])
