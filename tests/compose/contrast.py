"""The contrast of every word with its ground, as a browser shows them."""

# Words whose contrast with what is painted behind them is below a ratio: the ratio, their class, and how they begin.
FAINT = """needed => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = colour => {
    const [red, green, blue] = channels(colour).slice(0, 3).map(each => each / 255)
      .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const root = getComputedStyle(document.documentElement).colorScheme.includes('dark')
    && matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(18, 18, 18)' : 'rgb(255, 255, 255)';
  // Grounds that let others through are mixed with what is behind them.
  const ground = element => {
    if (!element) return root;
    const colour = getComputedStyle(element).backgroundColor;
    const opaque = channels(colour)[3] ?? 1;
    if (opaque === 1) return colour;
    const [over, behind] = [channels(colour), channels(ground(element.parentElement))];
    return `rgb(${[0, 1, 2].map(at => over[at] * opaque + behind[at] * (1 - opaque)).join(', ')})`;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.replace(/[\\s\\u200a\\u034f\\u2007]/g, '')) continue;
    if (!parent.checkVisibility({ checkVisibilityCSS: true })) continue;
    if (parent.getBoundingClientRect().height < 4) continue;
    const [darker, lighter] = [getComputedStyle(parent).color, ground(parent)].map(luminance).sort((a, b) => a - b);
    const ratio = (lighter + 0.05) / (darker + 0.05);
    if (ratio < needed) found.push(`${ratio.toFixed(2)} ${parent.className}: ${node.data.trim().slice(0, 40)}`);
  }
  return found;
}"""
