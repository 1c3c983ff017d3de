"use strict";
// Shows one call. Everything it knows is in the JSON block; it asks nobody for anything.
const call = JSON.parse(document.getElementById("call").textContent);
const at = (id) => document.getElementById(id);
const esc = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const clock = (t, digits = 1) => {
  const shown = Number(t.toFixed(digits));
  return `${Math.floor(shown / 60)}:${(shown % 60).toFixed(digits).padStart(3 + digits, "0")}`;
};
const ms = (t) => (t === null ? "–" : t >= 1 ? `${t.toFixed(1)} s` : `${Math.round(t * 1000)} ms`);
const audio = document.querySelector("audio");
const LABELS = {
  away: "#8c959f", listening: "#57606a", hearing: "#0969da", endpointing: "#54aeff", thinking: "#8250df",
  acting: "#6639ba", speaking: "#bc4c00", holding: "#cf222e", closed: "#24292f",
};
const COLOURS = ["#0a7ea4", "#116329", "#7d4e00", "#8250df", "#1a7f37", "#24292f", "#82071e"];
const machines = call.machines;  // name of the table, and what its lane is called
for (const machine of machines) machine.met = [...new Set(call.states[machine.name].map((span) => span[2]))];
const find = (spans, t) => spans.findLast((span) => span[0] <= t) ?? spans[0];

// --- the timeline: drawn once for the width there is -------------------------------------------------------------------------------

const LEFT = 64, RIGHT = 8, LANE = { marks: 16, caller: 58, callerText: 96, agent: 140, agentText: 178, label: 198 };
machines.forEach((machine, i) => { machine.y = LANE.label + 26 * (i + 1); });
LANE.last = machines.at(-1).y;
LANE.ruler = LANE.last + 32;
let width = 0;
const x = (t) => LEFT + (t / call.seconds) * (width - LEFT - RIGHT);

function wave(peaks, y, color) {
  const step = call.peakSeconds;
  let up = "", down = "";
  peaks.forEach((peak, i) => {
    const px = x(i * step).toFixed(1), h = (peak / 100) * 30;
    up += `L${px} ${(y - h).toFixed(1)}`;
    down = `L${px} ${(y + h).toFixed(1)}` + down;
  });
  return `<path d="M${x(0)} ${y}${up}${down}Z" fill="${color}"/>`;
}

function clipped(text, room, size) {
  const most = Math.floor(room / size);
  return text.length <= most ? text : most < 3 ? "" : text.slice(0, most - 1) + "…";
}

function band(spans, y, height, color, name) {
  return spans.map(([from, to, what]) => {
    const wide = Math.max(x(to) - x(from), 1);
    const text = wide > 24 ? `<text class="on" x="${x(from) + 4}" y="${y + height - 6}">${esc(clipped(what, wide - 6, 6.2))}</text>` : "";
    return `<g><title>${esc(name)}: ${esc(what)}, ${clock(from)} – ${clock(to)}</title><rect x="${x(from)}" y="${y}" width="${wide}" height="${height}" rx="3" fill="${color(what)}" stroke="#fff" stroke-width=".6"/>${text}</g>`;
  }).join("");
}

function words(who, y, color) {
  return call.dialogue.filter((line) => line.who === who).map((line) => {
    const next = call.dialogue.find((other) => other.who === who && other.begin > line.begin);
    const room = x(next ? next.begin : call.seconds) - x(line.begin) - 4;
    const shown = clipped(line.text + (line.interrupted ? " –" : ""), room, 5.6);
    return `<text class="said" x="${x(line.begin)}" y="${y}" fill="${color}"><title>${esc(line.text)}</title>${esc(shown)}</text>`;
  }).join("");
}

function ruler() {
  const step = [1, 2, 5, 10, 20, 30, 60].find((s) => (s / call.seconds) * width > 46) ?? 120;
  let out = "";
  for (let t = 0; t <= call.seconds; t += step) {
    out += `<line x1="${x(t)}" y1="20" x2="${x(t)}" y2="${LANE.ruler - 10}" stroke="#eaeef2"/><text class="tick" x="${x(t)}" y="${LANE.ruler}" text-anchor="middle">${clock(t).slice(0, -2)}</text>`;
  }
  return out;
}

function mark({ at: t, kind, text }) {
  const color = kind === "barge-in" ? "var(--cut)" : kind === "wake-up" ? "var(--wake)" : "var(--ink)";
  const late = t > call.seconds * 0.93;
  return `<line x1="${x(t)}" y1="20" x2="${x(t)}" y2="${LANE.last + 20}" stroke="${color}" stroke-dasharray="4 3"/><text class="mark" x="${x(t) + (late ? 0 : -3)}" y="${LANE.marks - 4}" fill="${color}" style="fill:${color}" text-anchor="${late ? "end" : "start"}">${esc(kind)}<title>${esc(text)}</title></text>`;
}

function draw() {
  const svg = at("timeline");
  width = svg.clientWidth;
  svg.setAttribute("height", LANE.ruler + 6);
  const lane = (y, text) => `<text class="lane" x="0" y="${y}">${text}</text>`;
  const spoken = (spans, y, color) => spans.map(([from, to]) => `<rect x="${x(from)}" y="${y - 31}" width="${Math.max(x(to) - x(from), 1)}" height="62" fill="${color}" opacity=".09" rx="4"/>`).join("");
  const states = (machine) => band(call.states[machine.name], machine.y, 20,
    (what) => COLOURS[machine.met.indexOf(what) % COLOURS.length], `the table ${machine.name} is in`);
  svg.innerHTML = ruler()
    + lane(LANE.caller, "caller") + spoken(call.voice, LANE.caller, "var(--caller)") + wave(call.peaks.caller, LANE.caller, "var(--caller)")
    + words("caller", LANE.callerText, "var(--caller)")
    + lane(LANE.agent, "agent") + spoken(call.speech, LANE.agent, "var(--agent)") + wave(call.peaks.agent, LANE.agent, "var(--agent)")
    + words("agent", LANE.agentText, "var(--agent)")
    + lane(LANE.label + 13, "agent is") + band(call.labels, LANE.label, 20, (what) => LABELS[what] ?? "#57606a", "the agent is")
    + machines.map((machine) => lane(machine.y + 13, esc(machine.lane)) + states(machine)).join("")
    + call.marks.map(mark).join("")
    + `<g id="cursor"><line y1="14" y2="${LANE.last + 22}" stroke="#1a7f37" stroke-width="2"/><path d="M-6 8h12l-6 8z" fill="#1a7f37"/></g>`;
}

// --- following the cursor -----------------------------------------------------------------------------------------------------------

let time = 0, playing = false, since = 0, shownStep = -1;

function light(machine, state, move) {
  const rows = move?.[2].map((row) => row[0]) ?? [];
  at(`why-${machine}`).innerHTML = move?.[2].map((row) => `<b>${esc(row[0])}</b> ${esc(row[1])}`).join("<br>") ?? "";
  document.querySelectorAll(`.${machine} :is(.state, .node)`).forEach((node) => node.classList.toggle("active", node.id === call.ids[machine][state]));
  document.querySelectorAll(`.${machine} .row`).forEach((row) => {
    row.classList.toggle("last", rows.some((id) => row.classList.contains(`${machine}-${id}`)));
  });
}

const moves = {};
for (const { name } of machines) moves[name] = call.moves.filter((move) => move[1] === name);

function show() {
  at("clock").textContent = clock(time);
  at("cursor")?.querySelectorAll("*").forEach((part) => part.setAttribute("transform", `translate(${x(time)} 0)`));
  const label = find(call.labels, time)[2];
  let now = `<span class="label" style="background:${LABELS[label]}">${esc(label)}</span>`;
  for (const { name, lane } of machines) {
    const state = find(call.states[name], time)[2];
    now += `<span>${esc(lane)} ${esc(state)}</span>`;
    light(name, state, moves[name].findLast((move) => move[0] <= time));
  }
  at("now").innerHTML = now;
  const index = Math.max(0, call.steps.findLastIndex((step) => step.at <= time));
  if (index !== shownStep) {
    shownStep = index;
    [...at("steps").children].forEach((row, i) => row.classList.toggle("active", i === index));
    const row = at("steps").children[index];
    if (row) at("steps").scrollTop = row.offsetTop - at("steps").clientHeight / 2;
  }
  [...at("dialogue").children].forEach((row) => {
    row.classList.toggle("active", time >= Number(row.dataset.begin) && time < Number(row.dataset.end));
  });
}

function go(to) {
  time = Math.min(Math.max(to, 0), call.seconds);
  if (audio) audio.currentTime = time;
  since = performance.now() / 1000 - time;
  show();
}

function tick() {
  if (!playing) return;
  time = audio ? audio.currentTime : performance.now() / 1000 - since;
  if (time >= call.seconds || audio?.ended) { time = Math.min(time, call.seconds); toggle(); }
  show();
  requestAnimationFrame(tick);
}

function toggle() {
  playing = !playing;
  at("play").textContent = playing ? "❚❚" : "▶";
  if (playing && time >= call.seconds - 0.05) go(0);
  since = performance.now() / 1000 - time;
  if (audio) playing ? audio.play() : audio.pause();
  if (playing) requestAnimationFrame(tick);
}

// --- what stands beside it ----------------------------------------------------------------------------------------------------------

function fill() {
  at("facts").innerHTML = call.facts.map(([what, value]) => `${esc(what)} <b>${esc(value)}</b>`).join(" · ");
  const notes = call.marks.filter((each) => each.kind !== "closed").map((each) => ({ begin: each.at, note: each }));
  const lines = [...notes, ...call.dialogue].sort((a, b) => a.begin - b.begin);
  at("dialogue").innerHTML = lines.map((line) => {
    if (line.note) return `<li class="note ${line.note.kind === "barge-in" ? "cut" : ""}" data-begin="${line.begin}" data-end="${line.begin}">${esc(line.note.text)}</li>`;
    const wait = line.wait === null ? "" : `, ${ms(line.wait)} after the caller`;
    const late = line.late === null ? "" : `, words known ${ms(line.late)} after the turn`;
    const cut = line.interrupted ? ' <span class="cutoff">— interrupted: this much was heard</span>' : "";
    return `<li class="${line.who}" data-begin="${line.begin}" data-end="${line.end}"><span class="who">${line.who} · ${clock(line.begin)}${wait}${late}</span><span class="words">${esc(line.text)}${cut}</span></li>`;
  }).join("");
  at("steps").innerHTML = call.steps.map((step) => {
    const rows = step.rows.map((row) => `<span class="row">${esc(row)}</span>`).join("") || '<span class="none">no row: it means nothing here</span>';
    const effects = step.do ? `<span class="do">→ ${esc(step.do)}</span>` : "";
    return `<div class="step" data-at="${step.at}"><span class="at">${clock(step.at, 2)}</span><span><b>${esc(step.on)}</b></span><span class="rows">${rows}${effects}</span></div>`;
  }).join("");
  const head = ["turn", "said", "spoke for", "silence until it was taken", "until the answer sounded", "wait in all", "answer", "which was"];
  at("latencies").innerHTML = `<tr>${head.map((name) => `<th>${name}</th>`).join("")}</tr>` + call.turns.map((turn) => {
    const parts = [turn.speaking, turn.endpointing, turn.thinking, turn.response, turn.answering].map((part) => `<td>${ms(part)}</td>`).join("");
    return `<tr><td>${turn.number}</td><td>${esc(turn.text)}</td>${parts}<td>${esc(turn.how)}</td></tr>`;
  }).join("");
}

function crop(svg) {  // the drawing as large as its place allows
  const box = svg.getBBox();
  svg.setAttribute("viewBox", `${box.x - 6} ${box.y - 6} ${box.width + 12} ${box.height + 12}`);
}

document.querySelectorAll(".machines svg").forEach(crop);
fill();
draw();
go(0);
addEventListener("resize", () => { draw(); show(); });
at("play").onclick = toggle;
const seek = (event) => go(((event.clientX - at("timeline").getBoundingClientRect().left - LEFT) / (width - LEFT - RIGHT)) * call.seconds);
at("timeline").addEventListener("pointerdown", (event) => { at("timeline").setPointerCapture(event.pointerId); seek(event); });
at("timeline").addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });
document.querySelectorAll("#dialogue li, .step").forEach((row) => row.addEventListener("click", () => go(Number(row.dataset.begin ?? row.dataset.at))));
addEventListener("keydown", (event) => {
  const i = call.steps.findLastIndex((step) => step.at <= time + 1e-6);
  if (event.key === " ") { event.preventDefault(); toggle(); }
  if (event.key === "ArrowRight") go(call.steps.find((step) => step.at > time + 1e-6)?.at ?? call.seconds);
  if (event.key === "ArrowLeft") go(call.steps.findLast((step) => step.at < (call.steps[i]?.at ?? 0))?.at ?? 0);
});
const asked = new URLSearchParams(location.hash.slice(1)).get("t");  // conversation.html#t=19.5 opens there
if (asked !== null && !Number.isNaN(Number(asked))) go(Number(asked));
