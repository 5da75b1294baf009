"""A synthetic district of any size, by its seed: 12 entries a person, as JSON lines.

    python tests/bench/district.py 10000 people.jsonl

Of 100 people 78 are stable, 20 basically stable and 2 unstable; most are seen in time. Nobody is anyone.
"""

import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

#: The day of which lists are asked; nothing is dated after it.
ON = date(2026, 11, 23)
#: A care group has so many people.
TEAM = 440
SYMPTOMS = ["hallucination", "suspicion", "mood_swings", "self_talk", "withdrawal"]
FUNCTIONS = dict.fromkeys(["self_care", "housework", "work", "study", "contact"], "good")


def entries(people: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield the entries of so many people, one person after the other."""
    random = Random(seed)
    for number in range(people):
        yield from _person(random, f"{number:08}", number // TEAM)


def _person(random: Random, patient: str, village: int) -> Iterator[dict[str, Any]]:
    risk, stability, days = random.choices(
        [(0, "stable", 88), (1, "basic", 27), (3, "unstable", 13)], weights=[78, 20, 2]
    )[0]
    visits = _days(random, days)
    yield {
        "type": "registered", "patient": patient, "on": str(visits[0] - timedelta(5)), "diagnosis": "schizophrenia",
        "village": f"虚构{village}村", "team": f"虚构{village}村关爱帮扶小组", "name": f"某{patient}", "sex": "male",
        "born": f"{random.randrange(1940, 2005)}-0{random.randrange(1, 10)}-15", "phone": f"199{patient}",
    }  # fmt: skip
    for on in visits:
        present = ["care_group", "police"] if risk > 2 else ["prevention_doctor"]
        yield {
            "type": "visited", "patient": patient, "on": str(on), "mode": random.choice(["home", "clinic"]),
            "seen": ["patient"], "present": present, "risk": risk, **_found(random, stability),
            "adherence": "regular", "reaction": "none", "stability": stability,
            "next_on": str(on + timedelta(days - random.randrange(7))),
        }  # fmt: skip


def _found(random: Random, stability: str) -> dict[str, Any]:
    """Return what a follow-up finds: of somebody who is stable nothing, of others what differs each time."""
    if stability == "stable":
        return {"symptoms": [], "insight": "full", "functions": FUNCTIONS}
    grades = {name: random.choice(["good", "fair"]) for name in FUNCTIONS}
    return {"symptoms": random.sample(SYMPTOMS, 2), "insight": "partial", "functions": grades}


def _days(random: Random, days: int) -> list[date]:
    """Return the days of eleven visits, the last of them in time for nearly everybody."""
    on = ON - timedelta(random.randrange(days + days // 10))
    found = [on]
    while len(found) < 11:
        on -= timedelta(days - random.randrange(days // 10))
        found.append(on)
    return found[::-1]


def write(people: int, path: Path) -> None:
    """Write the district as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for entry in entries(people):
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
