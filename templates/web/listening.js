"use strict";
// Listens for what was saved, once for all tabs: a browser keeps six connections to a server, and each listener takes one.
// Its name is what the page knows its server by. Another program at the same port can neither guess that nor reach this.

const tabs = new Set();
let last = "";
const tell = (what) => { last = what; for (const tab of tabs) tab.postMessage(what); };

const events = new EventSource("saved");
events.addEventListener("watching", (event) => {
  if (event.data === self.name) return tell("watching");
  events.close();
  tell("strange");
});
events.addEventListener("saved", () => { if (last !== "strange" && last !== "lost") tell("saved"); });
events.addEventListener("error", () => tell("lost"));

self.addEventListener("connect", (event) => {
  const [tab] = event.ports;
  tabs.add(tab);
  tab.addEventListener("message", () => tabs.delete(tab)); // it says nothing but that it is closed
  tab.start();
  if (last) tab.postMessage(last === "saved" ? "watching" : last);
});
