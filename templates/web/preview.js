"use strict";
// Shows what was saved without losing the place: new panels around the frame, the frame loaded anew where it stood.

// The place in a frame: the item at its upper edge with its title, how far into it, and the pixels in case it is gone.
function placeOf(frame) {
  try {
    const view = frame.contentWindow;
    const place = { pixels: view.scrollY };
    for (const item of itemsOf(view)) {
      const { top } = item.getBoundingClientRect();
      if (top > 1) break;
      Object.assign(place, { id: item.id, title: titleOf(item), into: -top });
    }
    return place;
  } catch {
    return { pixels: 0 };
  }
}

function itemsOf(view) {
  return [...view.document.querySelectorAll("[id^='sak-']")].filter((each) => /^sak-\d+$/.test(each.id));
}

// Without the number, which another item before it changes. In the mail an empty link stands before the heading.
function titleOf(item) {
  const around = item.matches("a") ? item.parentElement : item;
  const heading = around.querySelector("h1,h2,h3,h4,h5,h6");
  return (heading?.querySelector(".h3,.title") ?? heading ?? around).textContent.trim().slice(0, 200);
}

// An item has another number when one is put in before it, and another title when that is edited.
function goTo(frame, place) {
  try {
    const view = frame.contentWindow;
    const items = itemsOf(view);
    const same = items.find((each) => each.id === place.id);
    const item = same && titleOf(same) === place.title ? same : items.find((each) => titleOf(each) === place.title) ?? same;
    view.scrollTo(0, item ? item.getBoundingClientRect().top + view.scrollY + place.into : place.pixels);
  } catch { /* a PDF has no place */ }
}

// The place in a source: the piece at its upper edge, or the nearest above, that stands once in it before and after.
function lineOf(source, next) {
  const before = linesOf(source);
  const after = linesOf(next);
  const kept = [...before].filter(([line, at]) => at >= 0 && line.trim() && after.get(line) >= 0);
  const edge = source.getBoundingClientRect().top;
  let [first, end] = [0, kept.length];
  while (first < end) {
    const middle = (first + end) >> 1;
    if (topOf(source, kept[middle][1]) - edge > 1) end = middle;
    else first = middle + 1;
  }
  const found = kept[Math.max(first - 1, 0)];
  return found && { at: after.get(found[0]), below: topOf(source, found[1]) - edge };
}

// Where each piece begins, a line or what ends with a tag; less than 0 for those that stand there more than once.
function linesOf(source) {
  const lines = new Map();
  let at = 0;
  for (const line of source.textContent.split(/(?<=[\n>])/)) {
    lines.set(line, lines.has(line) ? -1 : at);
    at += line.length;
  }
  return lines;
}

function topOf(source, at) {
  const range = document.createRange();
  range.setStart(source.firstChild.firstChild, at);
  range.setEnd(source.firstChild.firstChild, at + 1);
  return range.getBoundingClientRect().top;
}

function goToLine(source, line) {
  source.scrollTop += topOf(source, line.at) - source.getBoundingClientRect().top - line.below;
}

function loadAnew(frame) {
  const place = placeOf(frame);
  return new Promise((done) => {
    frame.addEventListener("load", () => {
      goTo(frame, place);
      done();
    }, { once: true });
    frame.contentWindow.location.replace(frame.src);
  });
}

function exchange(id, fresh) {
  const old = document.getElementById(id);
  const next = fresh.getElementById(id);
  if (!old || !next || old.outerHTML === next.outerHTML) return;
  const place = old.scrollTop;
  old.replaceWith(next);
  next.scrollTop = place;
}

function restore(frame, place) {
  frame?.addEventListener("load", () => goTo(frame, place), { once: true });
}

async function showSaved() {
  if (document.body.dataset.live === "whole") return location.reload();
  const stage = document.getElementById("stage");
  const frame = stage.querySelector("iframe");
  const inPlace = frame && stage.dataset.kind === "good";
  if (inPlace) await loadAnew(frame); // first what the editor looks at, then what was found in it
  const answer = await fetch(location.href);
  if (!answer.ok) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (fresh.body.dataset.server !== document.body.dataset.server) return;
  const kept = inPlace && fresh.getElementById("stage").dataset.kind === "good";
  const [source, next] = [stage, fresh].map((each) => each.querySelector(".source"));
  const line = source && next && source.scrollTop > 0 && lineOf(source, next);
  const places = { page: window.scrollY, frame: frame ? placeOf(frame) : { pixels: 0 }, source: source?.scrollTop };
  for (const id of ["state", "panel", kept ? "inbox" : "stage"]) exchange(id, fresh);
  if (!kept) {
    const exchanged = document.getElementById("stage");
    const shown = exchanged.querySelector(".source");
    restore(exchanged.querySelector("iframe"), places.frame);
    shown?.scrollTo(0, places.source ?? 0);
    if (line) goToLine(shown, line);
  }
  window.scrollTo(0, places.page);
  document.title = fresh.title;
  document.body.dataset.checked = String(Number(document.body.dataset.checked ?? "0") + 1);
}

// A page that is left open must not show what another program says that has come to the port since: only what its own
// server says comes through.
let broken = false;
function hear(what) {
  if (what === "saved") showSaved();
  if (what === "lost" || what === "strange") broken = true;
  if (what !== "watching") return;
  if (broken) showSaved();
  broken = false;
  document.body.dataset.watching = "yes";
}

function listenAlone() {
  let known = false;
  const events = new EventSource("saved");
  events.addEventListener("watching", (event) => {
    known = event.data === document.body.dataset.server;
    if (known) hear("watching");
    else events.close();
  });
  events.addEventListener("saved", () => { if (known) hear("saved"); });
  events.addEventListener("error", () => { known = false; hear("lost"); });
}

function listenTogether() {
  const worker = new SharedWorker("listening.js", document.body.dataset.server);
  worker.addEventListener("error", listenAlone, { once: true });
  worker.port.addEventListener("message", (event) => hear(event.data));
  worker.port.start();
  addEventListener("pagehide", (event) => { if (!event.persisted) worker.port.postMessage("closed"); });
}

// Some browsers have no shared workers, and some settings refuse them: then each tab listens for itself.
try {
  listenTogether();
} catch {
  listenAlone();
}

for (const select of document.querySelectorAll("select[data-go]"))
  select.addEventListener("change", () => select.form.requestSubmit());
