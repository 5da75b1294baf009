"""`followup record REGISTER TYPE` by options: terms in either language or by their codes, as spreadsheets are read."""

from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from followup import Entry, Registered, load_policy
from followup.cli import main
from followup.cli.words import read_options
from followup.entries import FIELDS, TYPES
from followup.register import Register
from followup.terms import (
    Adherence,
    ContactMode,
    Diagnosis,
    IncidentKind,
    Insight,
    LineKind,
    Office,
    Physical,
    Reaction,
    Role,
    Seen,
    Sex,
    Stability,
    Symptom,
    Term,
)

TODAY: Final = date(2026, 11, 23)
ONE: Final[dict[tuple[str, str], list[Term]]] = {
    ("visited", "mode"): [*ContactMode], ("missed", "mode"): [*ContactMode], ("visited", "insight"): [*Insight],
    ("visited", "adherence"): [*Adherence], ("visited", "reaction"): [*Reaction], ("visited", "physical"): [*Physical],
    ("visited", "stability"): [kind for kind in Stability if kind.code], ("registered", "diagnosis"): [*Diagnosis],
    ("registered", "sex"): [*Sex], ("amended", "sex"): [*Sex], ("incident", "kind"): [*IncidentKind],
    ("done", "kind"): [*LineKind],
}  # fmt: skip
SEVERAL: Final[dict[tuple[str, str], list[Term]]] = {
    ("visited", "seen"): [*Seen], ("visited", "present"): [*Role], ("missed", "present"): [*Role],
    ("visited", "symptoms"): [*Symptom], ("done", "to"): [*Role, *Office],
}  # fmt: skip


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """Return a register of one person."""
    path = tmp_path / "r.db"
    with Register.create(path, load_policy("dongguan"), duties_from=TODAY) as made:
        made.record(Registered("p1", "2026-10-12"))
    return path


def record(register: Path, kind: str, *words: str, lang: str = "zh", code: int = 0) -> Result:
    """Record by options, and check the exit code."""
    basics = ["--patient", "p1", "--on", "2026-11-22", "--today", str(TODAY), "--lang", lang]
    done = CliRunner().invoke(main, ["record", str(register), kind, *basics, *words])
    assert done.exit_code == code, done.output
    return done


def last(register: Path) -> Entry:
    """Return the entry that was recorded last."""
    with Register.open(register) as found:
        (entry,) = [one for one in found.ledger("p1").entries if one.type != "registered"]
        return entry


def test_a_follow_up_is_recorded_in_chinese_words_and_codes(register: Path) -> None:
    """What the form and the list say may be typed as it stands there."""
    record(
        register, "visited", "--risk", "3级", "--mode", "家庭访视", "--seen", "1,患者家属、监护人",
        "--present", "民警、关爱帮扶小组", "--insight", "2", "--symptoms", "1 幻觉，10", "--stability", "1",
        "--functions", "学习能力=一般、work=3", "--reaction", "有", "--adherence", "2.间断用药",
    )  # fmt: skip
    told = {key: value for key, value in last(register).as_json().items() if key not in {"id", "recorded_at"}}
    assert told == {
        "type": "visited", "patient": "p1", "on": "2026-11-22", "risk": 3, "mode": "home",
        "seen": ["patient", "family"], "present": ["care_group", "police"], "insight": "partial",
        "symptoms": ["hallucination", "self_talk"], "stability": "unstable",
        "functions": {"work": "poor", "study": "fair"}, "reaction": "present", "adherence": "intermittent",
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "field"), [*ONE, *SEVERAL])
def test_each_term_is_taken_by_each_of_its_spellings(kind: str, field: str) -> None:
    """JSON spelling, Chinese and English label, and the code where the form has one; alone or with others."""
    several = (kind, field) in SEVERAL
    terms = SEVERAL[kind, field] if several else ONE[kind, field]
    for term in terms:
        for word in filter(None, (str(term), term.zh, term.en, term.code)):
            assert read_options(kind, {field: word}) == {field: [str(term)] if several else str(term)}, word
    if several:
        for comma in (",", "、", "，", ", "):
            for words in ([str(term) for term in terms], [term.zh for term in terms], [term.en for term in terms]):
                assert read_options(kind, {field: comma.join(words)}) == {field: [str(term) for term in terms]}


def test_every_field_of_terms_is_read_as_words() -> None:
    """No field that holds terms was forgotten: free text alone comes back as it was typed."""
    free = {
        "patient", "on", "entry", "author", "outcome", "reason", "village", "team", "name", "id_number", "born", "phone",
        "guardian", "informed_on", "next_on", "until", "from", "to",
    }  # fmt: skip
    known = {*ONE, *SEVERAL, ("visited", "risk"), ("visited", "functions"), ("registered", "consents")}
    fields = {(kind, field) for kind in TYPES for field in FIELDS[kind].values() if field != "form"}
    assert {(kind, field) for kind, field in fields - known if field not in free} == set()


@pytest.mark.parametrize(("word", "told"), [("", []), (" ", []), ("、", [])])
def test_an_empty_list_says_that_there_was_none(word: str, told: list[Any]) -> None:
    """`--symptoms ""` is a fact: no symptom was found."""
    assert read_options("visited", {"symptoms": word}) == {"symptoms": told}


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (["--mode", "家庭访问"], "“家庭访问”不能用于 --mode；是否应为“家庭访视”？可用：门诊 (1)、家庭访视 (2)、电话 (3)",
         '"家庭访问" cannot stand for --mode; did you mean "家庭访视"? Use one of: clinic (1), home visit (2), telephone (3)'),
        (["--present", "民警,邮差"], "“***”不能用于 --present；可用：精防医生、精神科医师、",
         '"***" cannot stand for --present; use one of: prevention doctor, psychiatrist, '),
        (["--insight", "1,2"], "此项只能填一个；可用：自知力完全 (1)、", "the field takes one; use full (1), "),
        (["--stability", "未判定"], "可用：不稳定 (1)、基本稳定 (2)、稳定 (3)", "unstable (1), basically stable (2), stable (3)"),
        (["--risk", "7"], "“7”不能用于 --risk；可用：0、1、2、3、4、5", "use one of: 0, 1, 2, 3, 4, 5"),
        (["--functions", "work"], "请写成 名称=等级", "write name=grade"),
        (["--functions", "work=1,生产劳动及工作=2"], "出现两次", "stands there twice"),
        (["--mode", "2 门诊"], "2是“家庭访视”", "2 is “家庭访视”"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_answered_with_those_that_there_are(register: Path, words: list[str], zh: str, en: str) -> None:
    """The sentence names the option and the words in the reader's language, and no class of the program."""
    words = words if "--risk" in words else ["--risk", "1", *words]
    for lang, told in (("zh", zh), ("en", en)):
        found = record(register, "visited", *words, lang=lang, code=3).stderr
        assert told in found
        assert not any(kind.__name__ in found for kind in Term.__subclasses__())


def test_every_wrong_option_is_told_at_once(register: Path) -> None:
    """Two slips are two sentences."""
    found = record(register, "visited", "--risk", "1", "--mode", "x", "--insight", "9", code=3).stderr.splitlines()
    assert [line.partition("：")[0] for line in found] == ["visited, mode", "visited, insight"]


def test_a_sex_that_is_none_is_not_shown(register: Path) -> None:
    """What is personal stands in no error."""
    assert "王某某" not in record(register, "amended", "--sex", "王某某", code=3).stderr


@pytest.mark.parametrize("secret", ["王某某", "Wang Moumou", "22221111", "990101,1990,0101,0019"])
@pytest.mark.parametrize(
    "option", ["mode", "seen", "present", "symptoms", "insight", "functions", "adherence", "stability", "risk"]
)
def test_who_slipped_into_an_option_is_not_shown(register: Path, option: str, secret: str) -> None:
    """What a command says may be kept in a log."""
    words = [f"--{option}", secret] if option == "risk" else ["--risk", "1", f"--{option}", secret]
    for told in (words, [*words[:-1], f"work={secret}"]):
        for lang in ("zh", "en"):
            assert secret not in record(register, "visited", *told, lang=lang, code=3).stderr
