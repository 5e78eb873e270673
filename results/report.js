"use strict";
// The index: an address of the one long page that the report once was leads to the paper's page.
const papers = [...document.querySelectorAll("[data-page]")];
function leadOn() {
  const name = decodeURIComponent(location.hash.slice(1));
  if (!name || document.getElementById(name)) return;
  const [first] = name.replace(/^run-/, "").split("/");
  const paper = papers.find(one => first === one.dataset.paper || `${first}.html` === one.dataset.page);
  if (paper) location.replace(`./${paper.dataset.page}#${encodeURI(name)}`);
}

// A table of claims: search, filters and sorting. A claim is a <tbody>, which holds a row a run.
const table = document.querySelector(".claims"), form = document.querySelector("form.bar");
const groups = table ? [...table.tBodies] : [], places = groups.filter(group => group.matches(".place"));
const claims = groups.filter(group => !group.matches(".place"));
const rows = claims.flatMap(group => [...group.rows]);
const placeOf = new Map();
let place = null;
for (const group of groups) if (group.matches(".place")) place = group; else placeOf.set(group, place);
// What a row is found by: its place, its claim and that one's address, which stand once for several rows, and its words.
const words = new Map(rows.map(row => {
  const name = row.parentElement.rows[0].cells[0], place = placeOf.get(row.parentElement)?.querySelector("h3");
  const texts = [place, name, row].map(part => part?.textContent ?? "");
  return [row, [...texts, name.querySelector("a").getAttribute("href")].join(" ").toLowerCase()];
}));

// What was not run cannot be tested, under any protocol: the last of the verdicts.
const untested = form?.elements.verdict?.lastElementChild.value;

function wanted(row) {
  const { q, paper, verdict, protocol, data } = form.elements;
  const { p, s, d } = row.dataset;
  const kept = protocol.value ? [row.dataset[protocol.value[0]]] : d ? [p, s] : [untested];
  return q.value.toLowerCase().split(/\s+/).every(word => words.get(row).includes(word))
    && (!paper?.value || row.cells[1].textContent.startsWith(`${paper.value},`))
    && (!data.value || d === data.value)
    && (verdict.value ? kept.includes(verdict.value) : kept.some(found => found !== ""));
}

function filter() {
  for (const row of rows) row.hidden = !wanted(row);
  const left = rows.filter(row => !row.hidden).length;
  for (const group of claims) {
    group.hidden = [...group.rows].every(row => row.hidden);
    // A claim's name stands in its first row, whichever of its rows are found.
    group.rows[0].classList.toggle("name-alone", !group.hidden && group.rows[0].hidden);
    if (!group.hidden) group.rows[0].hidden = false;
  }
  form.querySelector("output").value = `${left} of ${rows.length} rows`;
  showPlaces();
}

// Places head their claims only where these stand in the paper's order.
function showPlaces() {
  const sorted = table.querySelector("[aria-sort]") !== null;
  for (const one of places) one.hidden = sorted || !claims.some(group => placeOf.get(group) === one && !group.hidden);
}

// Up, down, and back to the paper's order. Numbers go by size, everything else by letter; what is empty comes last.
function sortBy(header, column) {
  const next = { ascending: "descending", descending: null }[header.getAttribute("aria-sort")] ?? null;
  const way = header.hasAttribute("aria-sort") ? next : "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  if (way) header.setAttribute("aria-sort", way);
  const key = group => {
    const row = [...group.rows].find(one => !one.hidden && !one.matches(".name-alone")) ?? group.rows[0];
    const shift = group.rows[0].cells.length - row.cells.length;
    const text = (row.cells[Math.max(0, column - shift)]?.textContent ?? "").trim().replaceAll("−", "-");
    if (row.querySelector(".why") && column > 2) return "";
    const number = text.match(/^(?:[a-z ]+ )?([+-]?\d[\d.]*(?:e[+-]?\d+)?)/);
    return column > 1 && number ? Number(number[1]) : text;
  };
  const keys = new Map(claims.map(group => [group, key(group)])), sign = way === "descending" ? -1 : 1;
  const kind = value => value === "" ? 2 : typeof value === "number" ? 0 : 1;
  const compare = (one, other) => {
    const [a, b] = [keys.get(one), keys.get(other)];
    return kind(a) - kind(b) || sign * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
  };
  table.append(...(way ? [...claims].sort(compare) : groups));
  showPlaces();
}

// What was asked for stands in the address, so that it can be passed on and a link can ask.
function remember() {
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
}

function reveal() {
  const name = decodeURIComponent(location.hash.slice(1)), target = name && document.getElementById(name);
  if (!target) return;
  if (target.closest("[hidden]")) { form.reset(); filter(); }
  target.scrollIntoView();
}

if (table && form) {
  for (const [name, value] of new URLSearchParams(location.search)) if (form.elements[name]) form.elements[name].value = value;
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    if (!header.hasAttribute("data-sort")) return;
    // Beside the heading, not around it: what a button holds is missing where a printed table's head is repeated.
    const button = document.createElement("button");
    button.setAttribute("aria-label", `sort by ${header.textContent}`);
    header.append(" ", button);
    header.addEventListener("click", () => sortBy(header, column));
  });
  form.hidden = false;
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("input", () => { filter(); remember(); });
  filter();
  reveal();
}
addEventListener("hashchange", () => { leadOn(); reveal(); });
leadOn();