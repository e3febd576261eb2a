"""Print what each part of the December mail weighs: `python benchmarks/mail_size.py`.

Each part is taken out of the finished mail by itself; the difference is what it adds.
"""

import re
from dataclasses import replace
from pathlib import Path

from mailer.bootstrap import build_services
from mailer.issue.model import Issue, LongItems
from mailer.usecases.reading import read

REPOSITORY = Path(__file__).resolve().parent.parent
OWN = ["vest-viken"]
STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
PARTS = {
    "what only Word reads": r"<!--\[if mso[^\]]*\]>.*?<!\[endif\]-->",
    "names that Word keeps whole, in the masthead": (
        r"<!--\[if mso\]>\S*\u2011\S*?<!\[endif\]-->|<!--\[if !mso\]><!-->|<!--<!\[endif\]-->"
    ),
    "spacers and rules that Word keeps": r'<(?P<el>div|p)[^>]*aria-hidden="true"[^>]*>(?:&#8202;|\u200a)</(?P=el)>',
    "anchors of items, with name and id": r'<a name="[^"]*" id="[^"]*"></a>',
    "what is heard: roles, labels, languages": r' (?:role|aria-[a-z]+|lang|scope)="[^"]*"',
    "dates to put into the calendar": r'<br><a class="a low cl".*?</a>',
    "names and addresses kept whole": r'<span class="(?:nw|at|ad)"[^>]*>|<wbr>',
    "own block": r'<h2 class="hown".*?</td>',
    "band": r'<table[^>]*class="band".*?</table>',
    "styles at the elements": r' style="[^"]*"',
    "addresses of links": r' href="[^"]*"',
    "blanks after the preheader": r"[\u00a0\u200c ]{50,}",
}
# Style blocks, each by something that stands in it alone.
STYLES = {
    "rules for dark mode": "prefers-color-scheme",
    "rules for dark mode in Outlook on the web": "[data-ogsb]",
    "rules for large text": "@container",
    "all other rules in style blocks": "-webkit-text-size-adjust",
}


def main() -> None:
    services = build_services(REPOSITORY / "config.toml")
    issue = read(services, "2023-12").issue
    assert issue is not None

    def mail_of(wanted: Issue) -> str:
        return services.composer.compose(wanted, services.composer.variant_key(wanted, OWN, lang=issue.lang)).html

    mail = mail_of(issue)
    whole = len(mail.encode())
    weights = {what: whole - len(re.sub(part, "", mail, flags=re.DOTALL).encode()) for what, part in PARTS.items()}
    for what, mark in STYLES.items():
        weights[what] = sum(len(css.encode()) for css in STYLE.findall(mail) if mark in css)
    weights["items by their leads, less"] = len(mail_of(replace(issue, long_items=LongItems.LEAD)).encode()) - whole
    words = re.sub(r"<style.*?</style>|<!--.*?-->|<[^>]*>", "", mail, flags=re.DOTALL)
    weights["words alone"] = len(re.sub(r"\s+", " ", words).encode())
    print(f"{'the December mail':<50}{whole / 1000:6.1f} kB")
    for what, weight in sorted(weights.items(), key=lambda each: -each[1]):
        print(f"{what:<50}{weight / 1000:6.2f} kB")


if __name__ == "__main__":
    main()
