// Reads a calendar file from standard input with ical.js or node-ical: the events' words, begin and end in UTC, as JSON.
import { readFileSync } from "node:fs";

const text = readFileSync(0, "utf8");

async function readWithIcalJs() {
  const { default: ICAL } = await import("ical.js");
  const seconds = (event, name) => event.getFirstPropertyValue(name).toUnixTime();
  return new ICAL.Component(ICAL.parse(text))
    .getAllSubcomponents("vevent")
    .map((event) => [event.getFirstPropertyValue("summary"), seconds(event, "dtstart"), seconds(event, "dtend")]);
}

async function readWithNodeIcal() {
  const { default: ical } = await import("node-ical");
  return Object.values(ical.sync.parseICS(text))
    .filter((each) => each.type === "VEVENT")
    .map((event) => [event.summary.val ?? event.summary, event.start.getTime() / 1000, event.end.getTime() / 1000]);
}

const read = { "ical.js": readWithIcalJs, "node-ical": readWithNodeIcal }[process.argv[2]];
process.stdout.write(JSON.stringify(await read()));
