"""How long composing takes: `python benchmarks/compose_speed.py` prints milliseconds for the newsletter of 2023-12."""

import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from mailer.compose.composer import Composer
from mailer.compose.printed import print_pdf
from mailer.compose.publication import Place, Publication
from mailer.compose.theme import Theme
from mailer.issue.source import read_issue
from mailer.rendering.pages import Pages
from mailer.rendering.templates import Templates

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 20


def measure(what: str, action: Callable[[], object], *, rounds: int = ROUNDS) -> None:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    print(f"{what:<44}{median(times):8.1f} ms  (least {min(times):.1f})")


def main() -> None:
    register = tomllib.loads((REPOSITORY / "subscribers" / "helsefellesskap.toml").read_text("utf-8"))
    places = tuple(
        Place(slug=each["slug"], short=each["short"], region=each["region"]) for each in register["helsefellesskap"]
    )
    publication = Publication(publisher="Helsedirektoratet", places=places, pages=Pages("https://nyhetsbrev.example"))
    slugs = [place.slug for place in places]
    issue = read_issue(REPOSITORY / "issues" / "2023-12", helsefellesskap=slugs, publisher=publication.publisher).issue
    assert issue is not None
    templates = Templates()
    composer = Composer(templates, theme=Theme(), publication=publication)
    one = composer.variant_key(issue, ["oslo"], lang="nn")
    measure("first compose", lambda: composer.compose(issue, one), rounds=1)
    measure("warm compose, HTML and text", lambda: composer.compose(issue, one))
    keys = {composer.variant_key(issue, [slug], lang=lang) for slug in slugs for lang in ("nb", "nn")}
    measure(
        f"all {len(keys)} variants of one list each", lambda: [composer.compose(issue, key) for key in keys], rounds=3
    )
    now = datetime(2023, 12, 1, tzinfo=UTC)
    measure(
        "PDF",
        lambda: print_pdf(issue, templates=templates, theme=Theme(), publication=publication, timestamp=now),
        rounds=5,
    )
    composed = composer.compose(issue, one)
    print(f"HTML {len(composed.html.encode()) / 1000:.1f} kB, text {len(composed.text.encode()) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
