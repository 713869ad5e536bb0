"use strict";
// plotly draws; this only sorts the table, and tells plotly which candidates' traces to show.
const table = document.getElementById("candidates");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const coordinates = document.getElementById("coordinates");
const curves = document.getElementById("curves");
const traces = JSON.parse(document.getElementById("traces").textContent);
const candidateOf = (row) => Number(row.dataset.candidate);
const isTicked = (row) => row.querySelector("input").checked;

function sortBy(head) {
  const column = head.cellIndex;
  const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
  const key = (row) => row.cells[column].dataset.sort;
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === "" || y === "") return (x === "") - (y === ""); // without a value: last
    const difference = Number(x) - Number(y);
    return direction * (Number.isNaN(difference) ? x.localeCompare(y) : difference);
  };
  body.append(...Array.from(body.rows).sort(compare));
}

// plotly keeps a brushed range, or a list of ranges, in each dimension's constraintrange.
function inRange(value, dimension) {
  const range = dimension.constraintrange;
  if (!range || range.length === 0) return true;
  const ranges = Array.isArray(range[0]) ? range : [range];
  return ranges.some(([low, high]) => low <= value && value <= high);
}

function brushed() {
  const trace = coordinates._fullData[0];
  const kept = new Set();
  trace.ids.forEach((id, i) => {
    if (trace.dimensions.every((one) => inRange(one.values[i], one))) kept.add(Number(id));
  });
  return kept;
}

function refresh() {
  const kept = brushed();
  for (const row of rows) {
    row.hidden = !kept.has(candidateOf(row));
    row.classList.toggle("ticked", isTicked(row));
  }
  document.getElementById("count").textContent = `${kept.size} of ${rows.length} in range.`;
  const inView = rows.filter((row) => !row.hidden);
  const ticked = inView.filter(isTicked);
  const shown = (ticked.length ? ticked : inView.slice(0, SHOWN_AT_FIRST)).map(candidateOf);
  // Colours follow the order on the page, so that the first ten candidates differ.
  const colour = new Map(shown.map((candidate, i) => [candidate, COLOURS[i % COLOURS.length]]));
  const drawn = traces.filter((one) => colour.has(one.meta));
  for (const one of drawn) one.line.color = colour.get(one.meta);
  if (curves) Plotly.react(curves, drawn, curves.layout);
}

for (const head of table.tHead.rows[0].cells) {
  if (head.firstElementChild) head.addEventListener("click", () => sortBy(head));
}
body.addEventListener("change", refresh);
document.getElementById("clear").addEventListener("click", () => {
  for (const row of rows) row.querySelector("input").checked = false;
  refresh();
});
coordinates.on("plotly_restyle", refresh);
refresh();
