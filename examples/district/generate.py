"""Write an openly synthetic district: its patients and two years of their follow-ups.

Nobody in it exists: villages, people and hospitals are invented, and the ID numbers' region code belongs to no region.
"""

import argparse
import csv
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

Row = dict[str, str]
Typed = tuple[date, Row]
#: Values drawn with equal odds; a string is a bag of one-digit codes.
Bag = Sequence[str]

PATIENTS = 600
START, SETUP_END, LATELY, END = date(2024, 11, 25), date(2025, 2, 28), date(2026, 11, 2), date(2026, 11, 22)
NEVER = date.max
UNSTABLE, BASIC, STABLE = range(3)

PATIENT_FORM = """编号 姓名 性别 出生日期 身份证号 联系电话 村(居)委会 责任团队 监护人姓名 与患者关系 监护人住址
    监护人电话 辖区村(居)委会联系人、电话 户别 就业情况 知情同意 知情同意签字时间 初次发病时间 既往关锁情况
    既往门诊治疗 住院次数 目前诊断 确诊医院 确诊日期 最近一次治疗效果 轻度滋事 肇事 肇祸 其他危害行为 自伤
    自杀未遂 经济状况 填表日期 医生签字"""
FOLLOW_UP_FORM = """编号 随访日期 本次随访形式 本次随访对象 若失访,原因 死亡日期 死亡原因 危险性评估 目前症状
    自知力 睡眠情况 饮食情况 个人生活料理 家务劳动 生产劳动及工作 学习能力 社会人际交往 轻度滋事 肇事 肇祸
    其他危害行为 自伤 自杀未遂 两次随访期间关锁情况 两次随访期间住院情况 末次出院时间 实验室检查 用药依从性
    药物不良反应 治疗效果 是否转诊 转诊原因 转诊至机构及科室 药物1 药物1用法 药物2 药物2用法 药物3 药物3用法
    康复措施 本次随访分类 下次随访日期 随访医生签名 参与人员"""

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜"
GIVEN_NAMES = "安宁和平春秋明远清文思雨晓晨志强秀英建国玉兰海燕月华家乐小云"
VILLAGES = "清溪 柳湾 石桥 青禾 白鹭 枫林 望月 竹坪 杏花 荷塘 松涛 云岭"
HOSPITALS = ("虚构市精神卫生中心", "虚构市第三人民医院", "虚构县安康医院")
DRUGS = ("利培酮 晚4mg", "奥氮平 晚10mg", "氯氮平 早50晚150mg", "阿立哌唑 早10mg", "棕榈酸帕利哌酮 每4周100mg")
ADDED_DRUGS = ("苯海索 早2mg", "氯硝西泮 晚2mg", "丙戊酸钠 早500晚500mg")
DIAGNOSES = ["精神分裂症"] * 70 + ["双相(情感)障碍"] * 9 + ["精神发育迟滞伴发精神障碍"] * 6 + ["癫痫所致精神障碍"] * 5
DIAGNOSES += ["分裂情感性障碍"] * 4 + ["偏执性精神病"] * 3 + ["其他"] * 3
BACKGROUND: dict[str, Bag] = {
    "与患者关系": ("父亲", "母亲", "配偶", "配偶", "子女", "兄弟姐妹"),
    "户别": "12222",
    "就业情况": "123455567789",
    "知情同意": "1" * 96 + "0002",
    "既往关锁情况": "1" * 40 + "3",
    "既往门诊治疗": "1222333333",
    "住院次数": "0011111222346",
    "目前诊断": DIAGNOSES,
    "确诊医院": HOSPITALS,
    "最近一次治疗效果": "1122222234",
    "轻度滋事": ["", "1", "2"] + [""] * 20,
    "经济状况": "11222",
}
#: What the doctor finds: the bags of an unstable, a basically stable and a stable patient.
FINDINGS: dict[str, tuple[Bag, Bag, Bag]] = {
    "危险性评估": ("3333445", "0111112", "0"),
    "目前症状": (("1、7", "3、4、7", "4、6", "1、5、9"), ("", "3", "8", "11", "4、11", "1、10"), ("",)),
    "自知力": ("2333", "1222", "1"),
    "生产劳动及工作": ("339", "2239", "1229"),
    "用药依从性": ("1223", "11122", "1" * 19 + "2"),
    "药物不良反应": ("1112", "1112", "1" * 24 + "2"),
    "治疗效果": ("34", "2233", "12222223"),
    "康复措施": (("",), ("", "1", "1、4"), ("", "1", "4", "1、4", "1、2")),
}
HABITS = ("睡眠情况", "饮食情况", "个人生活料理", "家务劳动", "学习能力", "社会人际交往")
FINDINGS |= dict.fromkeys(HABITS, ("2233", "1223", "1112"))
#: The harm that a risk level (0 to 5) can have done.
HARM = ((), (), (), ("轻度滋事",), ("肇事", "其他危害行为", "自伤", "自杀未遂"), ("肇祸",))
MODES = ("1222", "11112222223", "11112222233")
SEEN: dict[str, Bag] = {"1": ("1", "1", "1、2"), "2": ("1、2", "1", "2"), "3": ("1", "2")}
AT_HOME = {"本次随访形式": "2", "本次随访对象": "1、2"}
CALLED = {"本次随访形式": "3", "本次随访对象": "2"}
JOINT = ["精防医生、关爱帮扶小组、民警"] * 10 + ["精防医生、精神科医师、关爱帮扶小组、民警"] * 2
JOINT += ["精防医生、关爱帮扶小组"] * 2 + [""]
DECLINED = ["精防医生、关爱帮扶小组"] * 4 + ["关爱帮扶小组、村(居)干部"]
ORDINARY = ["精防医生"] * 26 + ["精防医生、村(居)干部"] * 7 + ["精防医生、监护人"] * 6
ORDINARY += ["精防医生、社工", "精防医生、残联专干", "精防医生、心理咨询师", "精防医生、志愿者"]

#: By class: the odds of the next class, and those of a follow-up, a failed attempt, an admission, a loss, a death.
MOVES = ((62, 35, 3), (6, 83, 11), (0.5, 9.5, 90))
CHANCES = ((848, 37, 105, 5, 4), (964, 24, 8, 3, 1.2), (970, 22, 2, 4, 1.3))
REFERRALS = (0.5, 0.02, 0)
#: By how many days the doctor's own next date differs from the norm's last day, if there is one.
SHIFTS = (0,) * 34 + (-3, -4, -5, 4, 7) + (None,) * 5


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def workday(day: date, days: int = 0) -> date:
    """Return the day so many days on, or the Friday before it at a weekend."""
    moved = day + timedelta(days)
    return moved - timedelta(max(0, moved.isoweekday() - 5))


def draw(bags: Mapping[str, Bag], rng: Random) -> Row:
    """Draw one value from each bag."""
    return {name: rng.choice(bag) for name, bag in bags.items()}


def full_name(rng: Random) -> str:
    """Invent a name."""
    return rng.choice(SURNAMES) + "".join(rng.sample(GIVEN_NAMES, rng.choice((1, 2))))


def with_check_character(digits: str) -> str:
    """Complete the 17 digits of an ID number as GB 11643 says."""
    total = sum(int(digit) * 2 ** (17 - at) for at, digit in enumerate(digits))
    return digits + "10X98765432"[total % 11]


def draw_medication(rng: Random) -> Row:
    """Prescribe one drug to most, a second one to some, none to a few."""
    count = rng.choice((0,) + (1,) * 14 + (2,) * 5)
    row = {} if count else {"用药依从性": "4", "药物不良反应": "9"}
    for place, drug in enumerate([rng.choice(DRUGS), rng.choice(ADDED_DRUGS)][:count], 1):
        row[f"药物{place}"], row[f"药物{place}用法"] = drug.split()
    return row


def registration_day(rng: Random) -> date:
    """Draw a day: mostly while the register is set up, a few in the last weeks."""
    periods = ((START, SETUP_END), (SETUP_END, LATELY), (LATELY, END))
    ((first, last),) = rng.choices(periods, (85, 13.5, 1.5))
    return workday(first, rng.randint(0, (last - first).days))


def identity(serial: int, born: date, rng: Random) -> Row:
    """Invent who the patient and the guardian are."""
    sex = rng.choice("12")
    sequence = (2 * serial + (sex == "1")) % 1000
    return {
        "姓名": full_name(rng),
        "性别": sex,
        "出生日期": str(born),
        "身份证号": with_check_character(f"990101{born:%Y%m%d}{sequence:03d}"),
        "联系电话": f"1990000{serial:04d}",
        "监护人姓名": full_name(rng),
        "监护人电话": f"1990000{serial + 5000}",
    }


def surroundings(place: int, rng: Random) -> Row:
    """Describe the village, whose doctor and contact are the same for everyone."""
    village, local = f"{VILLAGES.split()[place]}村", Random(place)
    return {
        "村(居)委会": village,
        "责任团队": f"{village}关爱帮扶小组",
        "监护人住址": f"{village}{rng.randint(1, 180)}号",
        "辖区村(居)委会联系人、电话": f"{full_name(local)} 19900009{place:03d}",
        "医生签字": full_name(local),
    }


def history(born: date, day: date, rng: Random) -> Row:
    """Invent the dates of the illness up to the day of registration."""
    onset = born + timedelta(rng.randint(5500, min(16000, (day - born).days)))
    diagnosed = onset + timedelta(rng.randint(0, min(2000, (day - onset).days)))
    return {
        "初次发病时间": str(rng.choice((onset, onset, onset.year))),
        "确诊日期": str(diagnosed),
        "知情同意签字时间": str(day - timedelta(rng.choice((0,) * 9 + (3,)))),
        "填表日期": str(day),
    }


def register(rng: Random) -> list[Row]:
    """Register everyone, numbered within the village in the order of the days."""
    numbered: Counter[int] = Counter()
    rows = []
    for serial, day in enumerate(sorted(registration_day(rng) for _ in range(PATIENTS))):
        place = rng.randrange(len(VILLAGES.split()))
        numbered[place] += 1
        born = day - timedelta(rng.randint(6600, 29000))
        row = {"编号": f"{place + 101}{numbered[place]:05d}"} | identity(serial, born, rng)
        rows.append(row | surroundings(place, rng) | history(born, day, rng) | draw(BACKGROUND, rng))
    return sorted(rows, key=lambda row: row["编号"])


@dataclass
class Life:
    """What the doctor writes down of one patient, contact after contact."""

    patient: Row
    rng: Random
    medication: Row
    state: int
    until: date
    governing: int | None = None
    run: int = 0
    findings: Row = field(default_factory=dict)
    records: list[Typed] = field(default_factory=list)

    def live(self, day: date) -> list[Typed]:
        """Go from contact to contact until the records end."""
        events: list[Callable[[date], date]] = [self.follow_up, self.miss, self.admit, self.lose, self.die]
        day = self.follow_up(day, AT_HOME)
        while day <= self.until:
            (event,) = self.rng.choices(events, CHANCES[self.state])
            day = event(day)
        return self.records

    def chance(self, odds: float) -> bool:
        """Let something happen so many times in one."""
        return self.rng.random() < odds

    def record(self, day: date, row: Row) -> None:
        """Add a row, now and then typed in days or weeks after its day."""
        lag = round(self.rng.lognormvariate(2, 1)) if self.chance(0.07) else 0
        signed = {"编号": self.patient["编号"], "随访日期": str(day), "随访医生签名": self.patient["医生签字"]}
        if day <= self.until:
            self.records.append((min(day + timedelta(lag), END), signed | row))

    def follow_up(self, day: date, given: Row | None = None) -> date:
        """Record a follow-up and return the day of the next contact."""
        self.examine()
        rated = None if self.chance(0.03) else self.state
        last = self.last_day(day, rated)
        shift = self.rng.choice(SHIFTS)
        planned = None if shift is None else last + timedelta(shift)
        plan = {"本次随访分类": "" if rated is None else str(rated + 1), "下次随访日期": str(planned or "")}
        self.record(day, self.findings | self.medication | self.contact(given or {}) | self.referral() | plan)
        return self.appointment(day, min(last, planned or last))

    def examine(self) -> None:
        """Let the state move, and mostly find the same where it has not."""
        before = self.state
        (self.state,) = self.rng.choices(range(3), MOVES[before])
        if self.state != before or not self.findings or self.chance(0.15):
            self.findings = draw({name: bags[self.state] for name, bags in FINDINGS.items()}, self.rng)
        if self.state == BASIC and self.findings["危险性评估"] == "0":
            self.findings["自知力"] = "2"

    def contact(self, given: Row) -> Row:
        """Say how, whom and with whom the doctor met, and what the patient had done."""
        mode = given.get("本次随访形式") or self.rng.choice(MODES[self.state])
        row = draw({"本次随访对象": SEEN[mode], "实验室检查": "11112", "参与人员": self.company(mode)}, self.rng)
        row |= {"本次随访形式": mode, "两次随访期间关锁情况": "1", "两次随访期间住院情况": "0"} | given
        harm = HARM[int(self.findings["危险性评估"])]
        if harm and self.chance(0.6):
            row[self.rng.choice(harm)] = self.rng.choice("1112")
        return row

    def company(self, mode: str) -> Bag:
        """Return the groups of people who may be present."""
        if self.state == UNSTABLE:
            return JOINT
        agreed = ORDINARY if self.patient["知情同意"] == "1" else DECLINED
        return agreed[:1] if mode == CALLED["本次随访形式"] else agreed

    def referral(self) -> Row:
        """Refer whom the hospital should see."""
        if not self.chance(REFERRALS[self.state]):
            return {"是否转诊": "1"}
        reason = self.rng.choice(("病情波动", "需调整用药"))
        return {"是否转诊": "2", "转诊原因": reason, "转诊至机构及科室": f"{self.rng.choice(HOSPITALS)}精神科"}

    def last_day(self, day: date, rated: int | None) -> date:
        """Return the norm's last day for the next follow-up; an unrated patient counts as basic."""
        self.run = self.run + 1 if rated == self.governing else 1
        self.governing = rated
        if rated == STABLE:
            return add_months(day, 3)
        settled = self.run > 1 and self.state != UNSTABLE
        return add_months(day, 1) if settled else day + timedelta(weeks=2)

    def appointment(self, day: date, due: date) -> date:
        """Come mostly a few days before the last day, at times long after it."""
        if self.chance(0.045 if self.patient["知情同意"] == "1" else 0.3):
            return workday(due, 3 + round(self.rng.lognormvariate(2.5, 1)))
        return workday(due, -self.rng.randint(0, max(2, (due - day).days // 9)))

    def miss(self, day: date) -> date:
        """Fail once, twice or thrice; then meet at home or give up."""
        ladder = self.rng.choice((("",), ("",), ("",), ("", ""), ("", "", "4")))
        for reason in ladder:
            row = {"若失访,原因": reason, "参与人员": "精防医生"}
            self.record(day, row | draw({"本次随访形式": "1223", "本次随访分类": ("0", "0", "")}, self.rng))
            day = workday(day, self.rng.randint(6, 10))
        lost = "4" in ladder and self.chance(0.5)
        return self.lose(day) if lost else self.follow_up(day, AT_HOME)

    def lose(self, day: date) -> date:
        """Lose the patient, mostly for some months."""
        self.record(day, {"本次随访对象": "3", "若失访,原因": self.rng.choice("111111222335")})
        return NEVER if self.chance(0.35) else self.follow_up(workday(day, self.rng.randint(40, 300)), AT_HOME)

    def admit(self, day: date) -> date:
        """Stay in hospital, asked after every three months, and come home."""
        out = workday(day, 5 + round(self.rng.lognormvariate(3.6, 0.9)))
        while day < out:
            self.record(day, CALLED | {"两次随访期间住院情况": "1"})
            day = workday(add_months(day, 3), -self.rng.randint(0, 6))
        return self.discharge(out)

    def discharge(self, out: date) -> date:
        """Tell of the discharge, mostly together with a follow-up."""
        told = workday(out, self.rng.randint(0, 9))
        left = {"两次随访期间住院情况": "2", "末次出院时间": str(out)}
        self.state, self.findings = self.rng.choice((BASIC, BASIC, BASIC, STABLE)), {}
        if self.chance(0.85):
            return self.follow_up(told, AT_HOME | left)
        self.record(told, CALLED | left)
        return self.follow_up(workday(told, self.rng.randint(3, 10)), AT_HOME)

    def die(self, day: date) -> date:
        """Record a death of the days before."""
        died = str(day - timedelta(self.rng.randint(0, 6)))
        self.record(day, {"死亡日期": died, "死亡原因": self.rng.choice("1111246")})
        return NEVER


def follow(patient: Row, rng: Random) -> list[Typed]:
    """Follow one patient to the end, or to the day from which a neglected one was forgotten."""
    state = rng.choice((UNSTABLE,) + (BASIC,) * 9 + (STABLE,) * 40)
    forgotten = rng.choice((rng.randint(110, 400),) + (0,) * 55)
    life = Life(patient, rng, draw_medication(rng), state, END - timedelta(forgotten))
    return life.live(workday(date.fromisoformat(patient["填表日期"]), rng.randint(0, 13)))


def write(path: Path, form: str, rows: Iterable[Row]) -> None:
    """Write a file as Chinese systems export it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, form.split())
        table.writeheader()
        table.writerows(rows)


def main() -> None:
    """Write both files, the follow-ups in the order in which they were typed in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    parser.add_argument("--seed", type=int, default=46)
    options = parser.parse_args()
    rng = Random(options.seed)
    patients = register(rng)
    records = [record for patient in patients for record in follow(patient, rng)]
    records.sort(key=lambda record: record[0])
    write(options.folder / "patients.csv", PATIENT_FORM, patients)
    write(options.folder / "followups.csv", FOLLOW_UP_FORM, (row for _, row in records))


if __name__ == "__main__":
    main()
