"""What people read exists in Chinese and in English."""

import re
from enum import Enum
from pathlib import Path
from string import Formatter

import pytest

import followup
from followup import RiskLevel, load_policy, terms
from followup.policyfile import bundled_policies
from followup.sentences import LANGUAGES, say, sentences

SOURCES = "".join(path.read_text("utf-8") for path in Path(followup.__file__).parent.rglob("*.py"))


def _names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_each_sentence_exists_in_both_languages_with_the_same_facts() -> None:
    """No sentence lacks its translation, and none says more than the other."""
    zh, en = sentences("zh"), sentences("en")
    assert list(zh) == list(en)
    for key, sentence in en.items():
        assert _names(sentence) == _names(zh[key]), key


def test_english_has_one_problem_and_two() -> None:
    """What a sentence counts agrees with the number."""
    assert say("en", "check.wrong", wrong=1, people=2, head="9:0123") == "1 problem; 2 people, head 9:0123."
    assert say("en", "check.wrong", wrong=0, people=1, head="9:0123") == "0 problems; 1 person, head 9:0123."


def test_chinese_sentences_are_chinese() -> None:
    """No sentence was left in English."""
    symbols = {
        "problem",
        "field.diagnosis",
        "field.mode",
        "field.insight",
        "field.adherence",
        "field.physical",
        "field.kind",
        "calendar.event",
        "list.only.kind",
    }
    for key, sentence in sentences("zh").items():
        plain = re.sub(r"\{\w+\}", "", sentence)
        assert re.search(r"[一-鿿]", plain) or key in symbols or not re.search(r"\w", plain), key


def test_each_finding_and_problem_of_the_code_has_its_sentence() -> None:
    """Every code that the source names is a sentence."""
    known = sentences("en")
    for code in re.findall(r'Problem\(\s*"([\w.]+)"', SOURCES):
        assert f"problem.{code}" in known, code
    for code in re.findall(r'(?:Finding\(|doubts\.append\(\()"([\w-]+)"', SOURCES):
        assert f"finding.{code}" in known, code
    for code in re.findall(r'\.wrong\(\s*"([\w.]+)"', SOURCES):
        assert f"problem.{code}" in known, code


def test_each_term_has_both_labels() -> None:
    """Codes are the field's, labels exist in both languages, and no two codes of a list are the same."""
    kinds = [kind for kind in vars(terms).values() if isinstance(kind, type) and issubclass(kind, Enum)]
    for kind in kinds:
        if issubclass(kind, terms.Term) and kind is not terms.Term:
            codes = [term.code for term in kind if term.code]
            assert len(codes) == len(set(codes))
            assert all(term.label(lang) for term in kind for lang in LANGUAGES)
    assert [int(risk) for risk in RiskLevel] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", bundled_policies())
def test_each_bundled_rule_is_cited_in_both_languages(name: str) -> None:
    """Titles exist in both languages, each rule has a document, a clause and an evidence mark."""
    for rule in load_policy(name).rules:
        assert re.search(r"[一-鿿]", rule.title.zh)
        assert rule.title.en.isascii()
        assert rule.source.document
        assert rule.source.clause
        assert rule.source.evidence
