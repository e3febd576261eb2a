"""Text as large as phones let people have it: every size of letters and lines multiplied, and what then goes wrong."""

SCALES = (1.0, 1.15, 1.3, 1.5, 2.0)
PHONES = (320, 360, 375)
MARGINS = 44  # px beside the text, left and right together

# As the text zoom of Android does: letters and lines grow, lengths in px stay.
ENLARGE = """scale => {
  const all = [...document.body.querySelectorAll('*')];
  const sizes = all.map(each => getComputedStyle(each)).map(style => [style.fontSize, style.lineHeight]);
  all.forEach((each, at) => {
    const [letters, lines] = sizes[at].map(parseFloat);
    each.style.setProperty('font-size', `${letters * scale}px`, 'important');
    if (lines) each.style.setProperty('line-height', `${lines * scale}px`, 'important');
  });
}"""

# Words cut though a line has room for them, and lines that begin with a dash. A line is as long as the page is wide
# between its margins; in lists, quotations and the like as long as they are.
CUT = """margins => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const boxes = (node, from, to) => {
    range.setStart(node, from);
    range.setEnd(node, to);
    return [...range.getClientRects()].filter(each => each.width > 0);
  };
  const lines = rects => new Set(rects.map(each => Math.round(each.top))).size;
  const room = node => {
    const inside = node.parentElement.closest('li, blockquote, .qt, .note, .ownin, .badge, .due, .btn, .links');
    if (!inside) return innerWidth - margins;
    let block = node.parentElement;
    while (getComputedStyle(block).display === 'inline') block = block.parentElement;
    const style = getComputedStyle(block);
    return block.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  };
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement.checkVisibility({ checkVisibilityCSS: true })) continue;
    const long = room(node);
    let above = null;
    const words = node.data.trim();
    for (const { 0: word, index } of node.data.matchAll(/\\S[^ \\n\\t\\u200a\\u034f\\u2007]*/gu)) {
      const rects = boxes(node, index, index + word.length);
      const last = rects.at(-1);
      if (/^[–—-]$/.test(word) && above && last.top > above.top + 4) found.push(`a dash begins a line of ${words}`);
      above = last;
      if (lines(rects) < 2 || /@|:\\/\\/|\\w\\.\\w/.test(word)) continue;
      let at = index;
      for (const part of word.split(/(?<=[–-])/u)) {
        const pieces = boxes(node, at, at += part.length);
        const wide = pieces.reduce((sum, each) => sum + each.width, 0);
        const where = node.parentElement.closest('p, td, th, li, h1, h2, h3, h4, div');
        if (lines(pieces) > 1 && wide < long - 1)
          found.push(`${part} (${Math.round(wide)} of ${Math.round(long)} px) in ${where.tagName}.${where.className}`);
      }
    }
  }
  return found;
}"""

# What sticks out of the page on the right.
WIDER = """() => [...document.body.querySelectorAll('*')]
  .filter(each => each.getBoundingClientRect().right > innerWidth + 1 && each.getBoundingClientRect().width > 0)
  .map(each => `${each.tagName}.${each.className}: ${each.textContent.trim().slice(0, 40)}`)"""
