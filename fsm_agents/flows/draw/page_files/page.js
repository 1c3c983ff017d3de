"use strict";
// Shows one flow. Everything it knows is in the JSON block and in the drawing; it asks nobody for anything, and makes no markup of texts.
const flow = JSON.parse(document.getElementById("flow").textContent);
const at = (id) => document.getElementById(id);
for (const [key, row] of Object.entries(flow.rows)) row.key = key;
const states = new Map(flow.states.map((state) => [state.id, state]));
const svg = document.querySelector("#sheet svg");
const box = (id) => svg.querySelector(`[id="${id}"]`);

function make(tag, text = "", classes = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

// --- the drawing --------------------------------------------------------------------------------------------------------------------

const size = { width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height, scale: 1 };

function zoom(scale) {
  size.scale = Math.min(4, Math.max(0.1, scale));
  svg.setAttribute("width", size.width * size.scale);
  svg.setAttribute("height", size.height * size.scale);
}

function fit() {
  const sheet = at("sheet");
  const wide = (sheet.clientWidth - 24) / size.width, high = (sheet.clientHeight - 24) / size.height;
  return Math.min(wide, high, 1.2);
}

function dress() {
  for (const part of svg.querySelectorAll(":scope > g > polygon")) part.classList.add("ground");
  for (const state of flow.states) {
    const node = box(state.id);
    if (!node) continue;
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", `${state.name}: ${state.about}`);
    node.addEventListener("click", (event) => { event.preventDefault(); choose(state.id); });
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); choose(state.id, true); }
    });
  }
  for (const [kind, meaning] of Object.entries(flow.kinds)) {
    const entry = make("span"), patch = make("i");
    patch.style.background = `var(--${kind})`;
    entry.append(patch, meaning);
    at("legend").append(entry);
  }
}

function seen(node) {
  const sheet = at("sheet").getBoundingClientRect(), place = node.getBoundingClientRect();
  if (place.left < sheet.left || place.right > sheet.right || place.top < sheet.top || place.bottom > sheet.bottom) {
    node.scrollIntoView({ block: "center", inline: "center" });
  }
}

// --- one state ----------------------------------------------------------------------------------------------------------------------

let chosen = "";

function link(id, text) {
  const made = make("a", text, "go");
  made.href = `#${id}`;
  made.addEventListener("click", (event) => { event.preventDefault(); choose(id, true); });
  return made;
}

const MOST = 60;  // signs of a named phrase that are shown at once

function triggers(row, who) {
  return row.on.filter((part) => part[0] === who).map(([, name, more]) => {
    const line = make("p"), code = make("code", name);
    line.append(code);
    if (more.length <= MOST) { if (more) line.append(" ", make("span", more, "dim")); return line; }
    const whole = document.createElement("details"), head = make("summary");  // a common phrase has hundreds of words: they open on a click
    head.append(code, " ", make("span", `${more.slice(0, MOST)}…`, "dim"));
    whole.append(head, make("span", more, "dim"));
    return whole;
  });
}

function move(row) {
  const line = make("p", "", "dim");
  if (row.when) line.append(`when ${row.when} `);
  line.append("→ ");
  if (row.dest) line.append(link(row.dest, row.to)); else line.append(row.to);
  if (row.do) line.append(` · ${row.do}`);
  line.append(row.n ? ` · row ${row.n}` : " · its own question", row.n && row.in !== states.get(chosen).name ? ` (${row.in})` : "");
  if (flow.counts && row.n) line.append(" · ", make("b", `taken ×${flow.counts.rows[row.key] ?? 0}`));
  return line;
}

function section(title, entries) {
  if (!entries.length) return [];
  const list = make("ul");
  for (const parts of entries) {
    const entry = make("li");
    entry.append(...parts);
    list.append(entry);
  }
  return [make("h3", title), list];
}

function choose(id, focus = false) {
  const state = states.get(id);
  if (!state) return;
  chosen = id;
  for (const node of svg.querySelectorAll(".chosen, .out")) node.classList.remove("chosen", "out");
  const node = box(id);
  if (node) { node.classList.add("chosen"); seen(node); }
  for (const edge of svg.querySelectorAll(`.edge.from-${id}`)) edge.classList.add("out");
  const hears = (keys, who) => keys.map((key) => flow.rows[key]).map((row) => [...triggers(row, who), move(row)]);
  const from = new Set([...svg.querySelectorAll(`.edge.to-${id}`)].flatMap((edge) => [...edge.classList]).filter((name) => name.startsWith("from-")));
  const said = state.says.map(([when, text, audio]) => [make("p", when, "dim"), make("p", text), ...(audio ? [make("p", `recorded: ${audio}`, "dim")] : [])]);
  at("detail").replaceChildren(
    make("h2", state.name), make("p", [state.about, state.place].filter(Boolean).join(" · "), "dim"),
    ...section("In the calls", counted(state)),
    ...section("What is said", said),
    ...section("What may be said", hears(state.hears, "caller")),
    ...section("What else may happen", hears(state.events, "event")),
    ...section("Comes from", [...from].map((name) => states.get(name.slice(5))).map((other) => [link(other.id, other.name)])),
  );
  if (focus) at("detail").focus({ preventScroll: true });
}

// --- all calls ----------------------------------------------------------------------------------------------------------------------

const many = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;

function counted(state) {  // what is to be said of one state
  if (!flow.counts) return [];
  const told = flow.counts.states[state.id];
  const rejected = flow.counts.rejected[state.id] ?? [];
  const lines = told ? [[make("p", told)]] : [];
  return [...lines, ...rejected.map(([said, times]) => [make("p", `nobody took ×${times}: “${said}”`)])];
}

function overview() {
  const { calls, outcomes, worst, note } = flow.counts;
  at("counts").hidden = false;
  at("counts").append(
    make("h2", many(calls, "call")), make("p", note, "dim"),
    ...section("How they ended", outcomes.map(([name, count, share]) => [make("b", name), ` ×${count} · ${share}`])),
    ...section("Where callers were not understood", worst.map(([id, name, told]) => [id ? link(id, name) : name, ` ${told}`])),
  );
}

// --- search -------------------------------------------------------------------------------------------------------------------------

const text = new Map(flow.states.map((state) => [state.id, [
  state.name, state.about, ...state.says.map((said) => said[1]),
  ...[...state.hears, ...state.events].filter((key) => state.kind === "any" || !flow.rows[key].in.startsWith("any")).flatMap((key) => flow.rows[key].on.flatMap((part) => part.slice(1))),
].map((part) => part.toLowerCase())]));

function search() {
  const words = at("search").value.trim().toLowerCase();
  const matches = words ? flow.states.filter((state) => text.get(state.id).some((part) => part.includes(words))) : [];
  at("sheet").classList.toggle("searching", Boolean(words));
  for (const state of flow.states) box(state.id)?.classList.toggle("match", matches.includes(state));
  at("found").hidden = !words;
  at("found").replaceChildren(...matches.map((state) => {
    const entry = make("li");
    const why = text.get(state.id).find((part) => part.includes(words)) ?? "";
    entry.append(link(state.id, state.name), " ", make("span", why === state.name.toLowerCase() ? "" : why, "dim"));
    return entry;
  }), ...(words && !matches.length ? [make("li", "nothing found", "dim")] : []));
}

// --- a call -------------------------------------------------------------------------------------------------------------------------

let call = null, place = -1, timer = 0, now = null, first = 0, lines = [];
const LINES = 400;  // that are in the list at a time
const LEAST = 0.35;  // seconds that a line stays, so that the eye can follow what happened all at once

const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;

function last(part) {  // the last line so far that says this: where the call is, what is set
  for (let i = place; i >= 0; i--) if (call.steps[i][part]) return call.steps[i];
  return null;
}

function show(to) {
  place = Math.min(Math.max(to, -1), call.steps.length - 1);
  for (const part of svg.querySelectorAll(".here, .taken")) part.classList.remove("here", "taken");
  const step = last(2);
  if (step && step[1]) {
    const node = box(step[1]);
    if (node) { node.classList.add("here"); seen(node); }
    if (chosen !== step[1]) choose(step[1]);
  }
  const row = place < 0 ? "" : call.steps[place][5];
  if (row) for (const edge of svg.querySelectorAll(`.edge.${CSS.escape(row)}`)) edge.classList.add("taken");
  now?.classList.remove("now");
  if (place >= 0 && !lines[place - first]) list(place - LINES / 2);
  now = lines[place - first] ?? null;
  now?.classList.add("now");
  if (now) at("talk").scrollTop = now.offsetTop - at("talk").offsetTop - at("talk").clientHeight / 2;
  set(last(6)?.[6] ?? {});
  at("clock").textContent = clock(place < 0 ? 0 : call.steps[place][0]) + (step && !step[1] ? ` · ${step[2]} is not in this flow` : "");
}

function set(slots) {
  const found = Object.entries(slots);
  at("slots").hidden = !found.length;
  at("slots").replaceChildren(...found.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
}

function pause() {
  clearTimeout(timer);
  timer = 0;
  at("play").textContent = "▶ Play";
  at("play").setAttribute("aria-label", "Play");
}

function next() {
  if (place >= call.steps.length - 1) { pause(); return; }
  const wait = place < 0 ? 0 : Math.max(LEAST, call.steps[place + 1][0] - call.steps[place][0]);
  timer = setTimeout(() => { show(place + 1); next(); }, (wait * 1000) / Number(at("speed").value));
}

function play() {
  if (timer) { pause(); return; }
  if (place >= call.steps.length - 1) show(-1);
  at("play").textContent = "❚❚ Pause";
  at("play").setAttribute("aria-label", "Pause");
  next();
}

function step(by) { pause(); show(place + by); }

function take(index) {
  pause();
  call = flow.calls[index];
  at("talk").hidden = false;
  list(0);
  show(-1);
}

function line([seconds, , state, who, said, row], i) {
  const made = make("li", "", who === "agent" || who === "caller" ? who : "other");
  const where = [flow.rows[row]?.n ? `row ${flow.rows[row].n}` : "", state && `→ ${state}`].filter(Boolean).join(" ");
  made.append(make("span", `${clock(seconds)} `, "dim"), make("b", who), ` ${said} `, make("span", where, "dim"));
  made.addEventListener("click", () => { pause(); show(i); });
  return made;
}

function more(to, text) {
  const made = make("li", text, "dim");
  made.addEventListener("click", () => { pause(); show(to); });
  return made;
}

function list(from) {  // the lines from there on: a browser lays out some hundred at once, and not the 50,000 of a very long call
  first = Math.max(0, Math.min(from, call.steps.length - LINES));
  const end = Math.min(call.steps.length, first + LINES);
  now = null;
  lines = call.steps.slice(first, end).map((step, i) => line(step, first + i));
  at("talk").replaceChildren(
    ...(first ? [more(first - 1, `… ${first} lines before`)] : []), ...lines,
    ...(end < call.steps.length ? [more(end, `… ${call.steps.length - end} more lines`)] : []),
  );
}

// --- light and dark -----------------------------------------------------------------------------------------------------------------

const dark = matchMedia("(prefers-color-scheme: dark)");
function theme(on) {
  document.documentElement.classList.toggle("dark", on);
  at("theme").textContent = on ? "Light" : "Dark";
  at("theme").setAttribute("aria-pressed", String(on));
}

// --- begin --------------------------------------------------------------------------------------------------------------------------

at("facts").textContent = flow.facts;
dress();
zoom(Math.max(fit(), 0.6));  // readable first; the button shows the whole
theme(dark.matches);
dark.addEventListener("change", () => theme(dark.matches));
at("theme").addEventListener("click", () => theme(!document.documentElement.classList.contains("dark")));
at("in").addEventListener("click", () => zoom(size.scale * 1.25));
at("out").addEventListener("click", () => zoom(size.scale / 1.25));
at("fit").addEventListener("click", () => zoom(fit()));
at("search").addEventListener("input", search);
if (flow.counts) overview();
if (flow.calls.length) {
  at("player").hidden = false;
  flow.calls.forEach((each, i) => { const option = make("option", each.name); option.value = i; at("calls").append(option); });
  at("calls").addEventListener("change", () => take(Number(at("calls").value)));
  at("play").addEventListener("click", play);
  at("step").addEventListener("click", () => step(1));
  at("back").addEventListener("click", () => step(-1));
  take(0);
}
addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|BUTTON)$/.test(event.target.tagName);
  if (event.key === "/" && !typing) { event.preventDefault(); at("search").focus(); }
  if (event.key === "Escape") { at("search").value = ""; search(); }
  if (typing || !call) return;
  if (event.key === " ") { event.preventDefault(); play(); }
  if (event.key === "ArrowRight") { event.preventDefault(); step(1); }
  if (event.key === "ArrowLeft") { event.preventDefault(); step(-1); }
});
choose(states.has(location.hash.slice(1)) ? location.hash.slice(1) : flow.start);
