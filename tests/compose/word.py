"""What Word, which draws mails in Outlook for Windows, makes of our HTML: its branches unfolded, what it ignores gone.

An approximation in a browser. Each rule is from the tests of the Can I email project (caniemail.com, `outlook` on
`windows`) or from Microsoft's list of what Word can do ("Word 2007 HTML and CSS rendering capabilities in Outlook").
"""

import re
from typing import Any

MOST_PIXELS = 4
_BRANCH = re.compile(
    r"<!--\[if (?P<not_word>!?)(?:lte )?mso[^\]]*\]>(?:<!-->)?(?P<inside>.*?)(?:<!--)?<!\[endif\](?:--)?>", re.DOTALL
)

IGNORED = """() => {
  const cells = new Set(['TD', 'TH']);
  const inline = new Set(['A', 'SPAN', 'STRONG', 'EM', 'B', 'I']);
  const all = [...document.body.querySelectorAll('*')];
  const set = (element, name, value) => element.style.setProperty(name, value, 'important');
  // css-padding: only on cells of tables.
  for (const each of all)
    if (!cells.has(each.tagName)) set(each, 'padding', '0');
  for (const each of all) {
    // css-max-width, css-width: only tables, cells and pictures (by their attributes) have widths.
    if (!['TABLE', 'TD', 'TH', 'IMG'].includes(each.tagName)) {
      set(each, 'max-width', 'none'); set(each, 'width', 'auto');
    }
    // css-margin: `auto` centres nothing; tables have no margins.
    const style = getComputedStyle(each);
    if (each.style.margin.includes('auto') || each.style.marginLeft === 'auto') {
      set(each, 'margin-left', '0'); set(each, 'margin-right', '0');
    }
    if (each.tagName === 'TABLE') { set(each, 'margin-top', '0'); set(each, 'margin-bottom', '0'); }
    // css-display: what is inline stays inline, but `none` hides.
    if (inline.has(each.tagName) && style.display !== 'none') set(each, 'display', 'inline');
    // css-background, css-border: none on div and blockquote.
    if (['DIV', 'BLOCKQUOTE'].includes(each.tagName)) {
      set(each, 'background', 'transparent'); set(each, 'border', '0');
    }
    // css-border-radius, css-overflow-wrap, css-text-underline-offset, css-white-space, css-letter-spacing and others.
    set(each, 'border-radius', '0'); set(each, 'overflow-wrap', 'normal'); set(each, 'word-break', 'normal');
    set(each, 'text-underline-offset', 'auto'); set(each, 'text-decoration-thickness', 'auto');
    if (style.whiteSpace === 'nowrap' && !each.hasAttribute('nowrap')) set(each, 'white-space', 'normal');
  }
}"""

RUNS = """() => {
  // The words of each block: where they stand, and how far below the line or ground that holds them.
  const blocks = 'P, DIV, H1, H2, H3, H4, H5, H6, LI, TD, TH, CAPTION';
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let last = null;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.replace(/[\\s\\u200a\\u034f\\u2007]/g, '')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter(each => each.width > 0 && each.height > 3);
    if (!boxes.length) continue;
    const top = Math.min(...boxes.map(each => each.top)), bottom = Math.max(...boxes.map(each => each.bottom));
    const block = node.parentElement.closest(blocks);
    if (block === last) {
      const whole = found[found.length - 1];
      whole.bottom = Math.max(whole.bottom, Math.round(bottom));
      continue;
    }
    last = block;
    let edge = null, name = '';
    for (let each = node.parentElement; each !== document.body && edge === null; each = each.parentElement) {
      const style = getComputedStyle(each), box = each.getBoundingClientRect();
      const ground = style.backgroundColor !== 'rgba(0, 0, 0, 0)' && style.display !== 'inline' && box.width < 600;
      if (parseFloat(style.borderTopWidth) || ground) [edge, name] = [Math.round(top - box.top), each.className];
    }
    const words = node.data.trim().slice(0, 40);
    found.push({ words, top: Math.round(top), bottom: Math.round(bottom), edge, name });
  }
  return found;
}"""


def as_word_reads_it(html: str) -> str:
    """Unfold the branches for Word, and take out those for all others."""
    return _BRANCH.sub(lambda match: "" if match["not_word"] else match["inside"], html)


def differences(drawn: list[dict[str, Any]], in_word: list[dict[str, Any]]) -> list[tuple[str, str, int, int]]:
    """Return the spaces that differ by more than 4 px: words above and below, px as designed, px in Word.

    Where a line or ground is above the words, its class stands for the words above; -1 px: there is none.
    """
    assert [each["words"] for each in drawn] == [each["words"] for each in in_word]
    found = []
    for at, (here, there) in enumerate(zip(drawn, in_word, strict=True)):
        gaps = [each[at]["top"] - each[at - 1]["bottom"] for each in (drawn, in_word) if at]
        if gaps and abs(gaps[0] - gaps[1]) > MOST_PIXELS:
            found.append((drawn[at - 1]["words"], here["words"], *gaps))
        edges = [-1 if each["edge"] is None else each["edge"] for each in (here, there)]
        if abs(edges[0] - edges[1]) > MOST_PIXELS:
            found.append((here["name"], here["words"], *edges))
    return found
