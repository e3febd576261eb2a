"use strict";
// Shows what was saved without losing the place: new panels around the frame, the frame loaded anew where it stood.

function placeOf(frame) {
  try {
    return frame.contentWindow.scrollY;
  } catch {
    return 0;
  }
}

function loadAnew(frame) {
  const place = placeOf(frame);
  return new Promise((done) => {
    frame.addEventListener("load", () => {
      try {
        frame.contentWindow.scrollTo(0, place);
      } catch { /* a PDF has no place */ }
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
  frame?.addEventListener("load", () => frame.contentWindow.scrollTo(0, place), { once: true });
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
  const places = { page: window.scrollY, frame: frame ? placeOf(frame) : 0, source: stage.querySelector(".source")?.scrollTop };
  for (const id of ["state", "panel", kept ? "inbox" : "stage"]) exchange(id, fresh);
  if (!kept) {
    const next = document.getElementById("stage");
    restore(next.querySelector("iframe"), places.frame);
    next.querySelector(".source")?.scrollTo(0, places.source ?? 0);
  }
  window.scrollTo(0, places.page);
  document.title = fresh.title;
  document.body.dataset.checked = String(Number(document.body.dataset.checked ?? "0") + 1);
}

let broken = false;
let known = false; // a page that is left open must not show what another program says that has come to the port since
const events = new EventSource("saved");
events.addEventListener("watching", (event) => {
  known = event.data === document.body.dataset.server;
  if (!known) return events.close();
  if (broken) showSaved();
  broken = false;
  document.body.dataset.watching = "yes";
});
events.addEventListener("saved", () => { if (known) showSaved(); });
events.addEventListener("error", () => { broken = true; known = false; });

for (const select of document.querySelectorAll("select[data-go]"))
  select.addEventListener("change", () => select.form.requestSubmit());
