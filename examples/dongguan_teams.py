"""Write an openly synthetic directory of care teams of Dongguan's size: 613 villages with a care group each.

    python examples/dongguan_teams.py FOLDER [VILLAGES]

The tiers and the squads are those of 东卫函复〔2025〕316号; towns, villages and people are invented, and so are their
numbers but for the 613. The first twelve villages are those of examples/district; the care group of one of them has
lost its policeman.
"""

import csv
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random

Row = tuple[str, ...]

VILLAGES, TOWNS, CITY = 613, 33, "虚构市"
TEAM_COLUMNS = ("团队名称", "类别", "区域", "级别", "上级区域", "成立日期", "撤销日期")
MEMBER_COLUMNS = ("团队名称", "姓名", "角色", "电话", "起始日期", "结束日期")
FIRST = ("清溪", "柳湾", "石桥", "青禾", "白鹭", "枫林", "望月", "竹坪", "杏花", "荷塘", "松涛", "云岭")
OTHERS = tuple(product(("", "头", "尾", "坊", "里", "角"), "东西南北上下大小新古", "塘沙岭湖围涌坑洲桥埔田岗"))
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜"
GIVEN_NAMES = "安宁和平春秋明远清文思雨晓晨志强秀英建国玉兰海燕月华家乐小云"
#: Who sits in the teams of a village, a town and the city; one line a person, of several roles at times.
SQUAD = ("民警", "精防医生", "心理咨询师")
OF_VILLAGE: dict[str, Row] = {"关爱帮扶小组": ("村(居)干部", "民警", "精防医生", "社工", "村居专员", "志愿者")}
OF_TOWN: dict[str, Row] = {
    "社区卫生服务中心": ("精防医生", "精防医生"),
    "综合管理小组": ("镇街专干", "民警", "残联专干", "社工"),
    "应急处置队伍": SQUAD,
}
OF_CITY: dict[str, Row] = {"市级专家组": ("市级专家、精神科医师",) * 8, "应急处置队伍": SQUAD * 2}
#: The policeman of one village, who has left.
LEFT = ("枫林村关爱帮扶小组", "民警")


def areas(villages: int = VILLAGES) -> Iterator[tuple[str, str, str, dict[str, Row]]]:
    """Yield the city, its towns and their villages: name, level, the area around it, and its teams' roles."""
    names = [*FIRST, *(f"{one}{other}{end}" for end, one, other in OTHERS)][:villages]
    towns = [f"虚构{number + 1}镇" for number in range(-(-villages * TOWNS // VILLAGES))]
    yield CITY, "市", "", OF_CITY
    yield from ((town, "镇街", CITY, OF_TOWN) for town in towns)
    for number, name in enumerate(names):
        yield f"{name}村", "村(居)", towns[number * len(towns) // villages], OF_VILLAGE


def person(rng: Random) -> str:
    """Invent a name."""
    return rng.choice(SURNAMES) + "".join(rng.sample(GIVEN_NAMES, 2))


def rows(villages: int = VILLAGES, seed: int = 1) -> tuple[list[Row], list[Row]]:
    """Return the rows of teams and of members."""
    rng, teams, members = Random(seed), list[Row](), list[Row]()
    for area, level, within, kinds in areas(villages):
        for kind, roles in kinds.items():
            name = kind if kind.startswith("市级") else f"{area}{kind}"
            teams.append((name, kind, area, level, within, "2025-01-01", ""))
            for role in roles:
                phone = f"1990001{len(members):04d}"
                until = "2026-10-31" if (name, role) == LEFT else ""
                members.append((name, person(rng), role, phone, "2025-01-01", until))
    return teams, members


def write(folder: Path, villages: int = VILLAGES) -> None:
    """Write both tables, as Chinese systems export them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns, table in zip(
        ("teams.csv", "members.csv"), (TEAM_COLUMNS, MEMBER_COLUMNS), rows(villages), strict=True
    ):
        with (folder / name).open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([columns, *table])


if __name__ == "__main__":
    write(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
