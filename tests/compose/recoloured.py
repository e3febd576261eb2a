"""Colours as mail programs turn them for the dark, each way with its source."""

WAYS = (
    # Outlook on the web and on phones: the lightness (CIELAB) of every colour is turned, black becoming white and white
    # #333333: microsoft/roosterjs, packages/roosterjs-color-utils/lib/utils/getDarkColor.ts. What it writes in a page,
    # and its marks, are in hteumeuleu/email-bugs, issue 64.
    "outlook",
    # Gmail on iPhones: light becomes dark, and dark light: hteumeuleu.com/2021/fixing-gmail-dark-mode-css-blend-modes.
    # How is not published; HSL keeps the hue, and is harder for gold than CIELAB.
    "gmail_ios",
    # Android's WebView, in which mail programs show mails: dark words and light grounds are turned. Chromium,
    # third_party/blink/renderer/platform/graphics/dark_mode_settings_builder.cc and dark_mode_color_filter.cc.
    "android",
    # Gmail on Android: light grounds are turned with the words on them, dark ones are kept with theirs:
    # MillionSend/millionsend, pull request 35.
    "light_grounds",
    # Whole screens, for people who want it so: red, green and blue are each turned.
    "inverted",
    # Light grounds are taken away, and dark words with them; all of `bgcolor` goes. Thunderbird 153,
    # chrome/messenger/content/messenger/DarkReader.mjs.
    "thunderbird",
)

_COLOURS = """
const clamp = each => Math.min(1, Math.max(0, each));
const linear = each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4;
const curved = each => clamp(each <= 0.0031308 ? each * 12.92 : 1.055 * each ** (1 / 2.4) - 0.055);
const bent = each => each > 216 / 24389 ? Math.cbrt(each) : (24389 / 27 * each + 16) / 116;
const straight = each => each ** 3 > 216 / 24389 ? each ** 3 : (116 * each - 16) * 27 / 24389;
const toLab = ([red, green, blue]) => {
  const [r, g, b] = [red, green, blue].map(each => linear(each / 255));
  const x = bent((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = bent(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = bent((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
};
const fromLab = ([lightness, a, b]) => {
  const at = (lightness + 16) / 116;
  const [x, y, z] = [straight(at + a / 500) * 0.95047, straight(at), straight(at - b / 200) * 1.08883];
  return [
    3.2404542 * x - 1.5371385 * y - 0.4985314 * z,
    -0.969266 * x + 1.8760108 * y + 0.041556 * z,
    0.0556434 * x - 0.2040259 * y + 1.0572252 * z,
  ].map(each => Math.round(255 * curved(each)));
};
const relit = (colour, light) => {
  const [lightness, a, b] = toLab(colour);
  return fromLab([light(lightness), a, b]);
};
const brightness = ([red, green, blue]) => 0.299 * red + 0.587 * green + 0.114 * blue;
const turned = colour => {
  const [red, green, blue] = relit(colour, light => Math.min(110 - light, 100));
  return red === green && green === blue && red < 32 ? [18, 18, 18] : [red, green, blue];
};
const unlit = colour => {
  const sum = Math.max(...colour) + Math.min(...colour);
  return colour.map(each => each + 255 - sum);
};
const toDark = colour => relit(colour, light => (100 - light) * (100 - 21.247) / 100 + 21.247);
"""

# How a way turns a colour of letters, given that of their ground, and a colour of a ground.
_TURNING = """
const WAYS = {
  outlook: { letters: toDark, ground: toDark },
  gmail_ios: { letters: unlit, ground: unlit },
  android: {
    letters: each => brightness(each) < 150 ? turned(each) : each,
    ground: each => brightness(each) > 205 ? turned(each) : each,
  },
  light_grounds: {
    letters: (each, ground) => toLab(ground)[0] > 50 ? unlit(each) : each,
    ground: each => toLab(each)[0] > 50 ? unlit(each) : each,
  },
  inverted: { letters: each => each.map(part => 255 - part), ground: each => each.map(part => 255 - part) },
};
"""

# What each element would have is read before any is changed: what is inherited would be turned twice.
_TURN = """
const parts = colour => colour.match(/[\\d.]+/g).map(Number);
const css = colour => `rgb(${colour.join(', ')})`;
const turn = (way, marks, strong) => {
  const { letters, ground } = WAYS[way];
  const seen = [document.documentElement, ...document.body.querySelectorAll('*'), document.body].map(each => {
    const { color, backgroundColor, display } = getComputedStyle(each);
    const own = parts(backgroundColor);
    return { each, colour: parts(color), own: (own[3] ?? 1) > 0 ? own.slice(0, 3) : null };
  });
  const rules = [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]);
  const theirs = rules.filter(each => each.style?.color && !each.selectorText.includes('data-ogsb'));
  const inked = theirs.map(each => each.selectorText).join(',');
  const grounds = new Map(seen.map(({ each, own }) => [each, own]));
  const groundOf = each => each ? grounds.get(each) ?? groundOf(each.parentElement) : [255, 255, 255];
  for (const { each, colour, own } of seen) {
    const important = strong ? 'important' : '';
    if (own || (!marks && each === document.documentElement)) {
      each.style.setProperty('background-color', css(ground(own ?? [255, 255, 255])), important);
      if (marks) each.dataset.ogsb = '';
    }
    if (marks && !each.style.color && !(inked && each.matches(inked))) continue;
    if (marks) each.dataset.ogsc = '';
    each.style.setProperty('color', css(letters(colour.slice(0, 3), groundOf(each))), important);
  }
};
"""

# Thunderbird's own colours of page, words and links in the dark, and what it takes away of ours.
_THUNDERBIRD = """
const bright = colour => {
  const [red, green, blue] = parts(colour);
  return 0.2125 * red + 0.7154 * green + 0.0721 * blue;
};
const far = (one, other) => {
  const [dark, light] = [bright(one), bright(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05) >= 3.5;
};
const clean = style => {
  const solid = style.backgroundColor && !(parts(style.backgroundColor)[3] <= 0.2);
  const tooDark = style.color && bright(style.color) <= 200;
  if (!solid) { if (tooDark) style.removeProperty('color'); return; }
  if (bright(style.backgroundColor) <= 200 && (!style.color || far(style.color, style.backgroundColor))) return;
  style.removeProperty('background');
  style.removeProperty('background-color');
  if (tooDark) style.removeProperty('color');
};
const thunderbird = () => {
  for (const each of document.querySelectorAll('[bgcolor]')) each.removeAttribute('bgcolor');
  document.body.style.removeProperty('background-color');
  for (const each of document.querySelectorAll('[style]')) clean(each.style);
  for (const sheet of document.styleSheets)
    for (const rule of sheet.cssRules) if (rule.style) clean(rule.style);
  document.body.classList.add('moz-text-html');
  const sheet = document.head.insertBefore(document.createElement('style'), document.head.firstChild);
  sheet.textContent = 'html{background:#18181B;color:#EEEEF0}:link{color:#61C7FF}';
};
"""

RECOLOUR = (
    f"({{ way, marks = false, strong = true }}) => {{{_COLOURS}{_TURNING}{_TURN}{_THUNDERBIRD}"
    "if (way === 'thunderbird') thunderbird(); else turn(way, marks, strong); }"
)
"""Turns the colours of a page a way. With `marks` as Outlook marks it, and if that is not `strong`, our rules win."""

SWATCHES = (
    f"colours => {{{_COLOURS}{_TURNING}"
    "return colours.map(each => [WAYS.android.ground(each), WAYS.android.letters(each)]); }"
)
"""The colours that Chromium should paint for each, as a ground and as letters."""
