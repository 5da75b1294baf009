"""Who comes, and which role is lacking, in every format of a list."""

import io
from datetime import date
from typing import Any, Final

import pytest
from openpyxl import load_workbook

from followup import Area, CareTeam, Directory, Ledger, Member, Registered, Visited, WorkList, load_policy
from followup.views import render

DIRECTORY: Final = Directory([
    CareTeam("甲组", "care_group", Area("甲村", "village", "一镇")),
    CareTeam("应急", "crisis_squad", Area("一镇", "town")),
    Member("甲组", "赵<一>", "village_cadre", "19900000001"),
    Member("应急", "=陈十", "police"),
])  # fmt: skip
PEOPLE: Final = [
    Ledger("p1", [Registered("p1", "2026-10-08", team="甲组"), Visited("p1", "2026-11-16", risk=3, mode="home")]),
    Ledger("p2", [Registered("p2", "2026-10-08", team="乙组"), Visited("p2", "2026-11-16", risk=3, mode="home")]),
]
LIST: Final = WorkList.of(PEOPLE, load_policy("dongguan"), date(2026, 11, 23), directory=DIRECTORY)


def told(form: str, *, with_names: bool) -> str:
    """Return the text of a list, cell by cell where it is a workbook."""
    found: Any = render(LIST, form, "en", with_names=with_names)
    if isinstance(found, bytes):
        book = load_workbook(io.BytesIO(found))
        return " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
    return "".join(str(found).split())


@pytest.mark.parametrize("form", ["table", "csv", "json", "html", "xlsx"])
def test_the_lack_is_always_said_and_names_only_when_asked_for(form: str) -> None:
    """Texts are whole, and escaped where they must be."""
    plain, named = (told(form, with_names=with_names).replace(" ", "") for with_names in (False, True))
    for text in (plain, named):
        assert "theteamhasnobodyas:police;thenearestteamthathasis应急" in text
        assert "noteamanswers:" in text
    assert not any(word in plain for word in ("赵", "陈十", "19900000001"))
    name = "赵&lt;一&gt;" if form == "html" else "赵<一>"
    assert all(word in named for word in (name, "=陈十", "19900000001"))


@pytest.mark.parametrize("form", ["table", "html"])
def test_people_for_whom_no_team_answers_are_a_group_of_their_own(form: str) -> None:
    """Below the teams, under its own title."""
    text = told(form, with_names=False)
    assert text.index("Team甲组:1") < text.index("Noteamanswers:1")
    assert "Team乙组" not in text
