/* The picture browser. All data is in the page; a picture is decoded when it is shown. */
const root = document.querySelector(".browser");
const { rows, images, made, metrics, scores } = JSON.parse(document.getElementById("facts").textContent);
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const list = part("list");
const tiles = [...root.querySelectorAll(".tiles figure")];
const methods = rows.map((row, place) => (row.method ? place : -1)).filter((place) => place >= 0);
/** The methods that have a picture of an image. */
const having = (image) => methods.filter((row) => made[image][row] === "1");
let order = images.map((_, image) => image);
let place = 0;
let urls = [];

/** A JPEG in base64 starts with "/9j/"; the others are WebP. */
const dataUrl = (text) => `data:image/${text.startsWith("/9j/") ? "jpeg" : "webp"};base64,${text}`;
const number = (score) => (score === null ? NaN : Number(score));
const written = (score, metric) => {
  const value = number(score);
  if (Number.isNaN(value)) return "–";
  return Number.isFinite(value) ? value.toFixed(metrics[metric].digits) : value > 0 ? "∞" : "−∞";
};
const chosenMetric = () => Number(part("metric").value);

/** Sort key of an image: a row's score, or the right picture's minus the left's. */
function sortScore(image) {
  const ofMetric = scores[chosenMetric()];
  const row = part("method").value;
  if (row !== "difference") return number(ofMetric[row][image]);
  return number(ofMetric[part("right").value][image]) - number(ofMetric[part("left").value][image]);
}

function sort() {
  const shown = order[place];
  order = images.map((_, image) => image);
  const how = part("order").value;
  if (metrics.length && how !== "name") {
    const keys = order.map(sortScore);
    const higher = metrics[chosenMetric()].direction !== "lower";
    const sign = (how === "best") === higher ? -1 : 1;
    const last = (image) => Number.isNaN(keys[image]);
    order.sort((a, b) => last(a) - last(b) || (keys[a] === keys[b] ? a - b : sign * (keys[a] - keys[b])));
  }
  fillList();
  return shown;
}

function fillList() {
  const keys = metrics.length ? order.map(sortScore) : [];
  const finite = keys.filter(Number.isFinite);
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low || 1;
  list.replaceChildren(
    ...order.map((image, position) => {
      const line = document.createElement("li");
      line.id = `option-${image}`;
      line.setAttribute("role", "option");
      const name = document.createElement("span");
      name.textContent = images[image];
      line.append(name);
      if (metrics.length) {
        const score = document.createElement("span");
        score.textContent = written(keys[position], chosenMetric());
        line.append(score);
        if (Number.isFinite(keys[position])) {
          line.style.setProperty("--share", `${(100 * (keys[position] - low)) / span}%`);
        }
      }
      line.addEventListener("click", () => show(position));
      return line;
    }),
  );
}

function show(position) {
  place = Math.max(0, Math.min(order.length - 1, position));
  const image = order[place];
  const stored = JSON.parse(document.getElementById(`picture-${image}`).textContent);
  urls = stored.map((text) => (text ? dataUrl(text) : ""));
  tiles.forEach((tile, row) => fillTile(tile, row, image));
  compare();
  select(image);
  part("name").textContent = images[image];
  part("where").textContent = [`${place + 1} of ${order.length}`, ...sortText(image)].join(", ");
}

/** The sort key in words. */
function sortText(image) {
  if (!metrics.length) return [];
  const { title, unit } = metrics[chosenMetric()];
  const whose = part("method").selectedOptions[0].textContent;
  return [`${title} of ${whose} ${written(sortScore(image), chosenMetric())} ${unit}`.trim()];
}

function select(image) {
  list.querySelector('[aria-selected="true"]')?.removeAttribute("aria-selected");
  const line = document.getElementById(`option-${image}`);
  line.setAttribute("aria-selected", "true");
  list.setAttribute("aria-activedescendant", line.id);
  // Not scrollIntoView, which would scroll the page too
  const top = line.offsetTop - list.offsetTop;
  if (top < list.scrollTop) list.scrollTop = top;
  const bottom = top + line.offsetHeight - list.clientHeight;
  if (bottom > list.scrollTop) list.scrollTop = bottom;
}

function fill(picture, row, image) {
  picture.hidden = !urls[row];
  if (urls[row]) picture.src = urls[row];
  else picture.removeAttribute("src");
  picture.alt = `${rows[row].title} of ${images[image]}`;
}

function fillTile(tile, row, image) {
  fill(tile.querySelector("img"), row, image);
  tile.querySelector(".none").hidden = Boolean(urls[row]);
  for (const line of tile.querySelectorAll("dd")) {
    const metric = Number(line.dataset.metric);
    line.textContent = written(scores[metric][row][image], metric);
    line.classList.toggle("best", isBest(metric, row, image));
  }
}

function isBest(metric, row, image) {
  const { direction } = metrics[metric];
  if (direction === "none" || !rows[row].method || methods.length < 2) return false;
  const values = methods.map((method) => number(scores[metric][method][image])).filter((value) => !Number.isNaN(value));
  if (values.length < 2) return false;
  const best = direction === "higher" ? Math.max(...values) : Math.min(...values);
  return number(scores[metric][row][image]) === best;
}

function compare() {
  for (const side of ["left", "right"]) {
    const row = Number(part(side).value);
    fill(part(`${side}-picture`), row, order[place]);
    part(`${side}-picture`).classList.toggle("pixels", rows[row].title === "LR");
    part(`${side}-tag`).textContent = part(side).selectedOptions[0].textContent + (urls[row] ? "" : ": no picture");
  }
}

const viewer = part("viewer");
let viewed = 0;

/** Open a row's picture at its native size, small ones at an integer multiple of it. */
function view(row) {
  viewed = (row + rows.length) % rows.length;
  const picture = part("viewed");
  fill(picture, viewed, order[place]);
  picture.classList.toggle("pixels", rows[viewed].title === "LR");
  if (!viewer.open) viewer.showModal();
  picture.decode().then(sizeViewed, sizeViewed);
}

function sizeViewed() {
  const picture = part("viewed");
  const { naturalWidth: width, naturalHeight: height } = picture;
  const factor = width ? Math.max(1, Math.floor(256 / width)) : 1;
  picture.width = width * factor;
  const how = factor > 1 ? `, shown ${factor} times as large` : "";
  const size = picture.hidden ? "no picture" : `${width} × ${height} px${how}`;
  part("viewed-name").textContent = `${rows[viewed].title} of ${images[order[place]]}: ${size}`;
}

function split(share) {
  part("split").value = share;
  root.style.setProperty("--split", `${share}%`);
}

function zoom() {
  const factor = Number(part("zoom").value);
  part("zoom-shown").textContent = `${factor}×`;
  root.classList.toggle("zoomed", factor > 1);
  for (const name of ["x", "y"]) {
    part(name).disabled = factor === 1;
    root.style.setProperty(`--${name}`, `${part(name).value}%`);
  }
  root.style.setProperty("--zoom", factor);
}

/** The pointer's position in an element, in per cent of its width and height. */
function spot(event, element) {
  const box = element.getBoundingClientRect();
  const share = (distance, length) => Math.max(0, Math.min(100, (100 * distance) / length));
  return [share(event.clientX - box.left, box.width), share(event.clientY - box.top, box.height)];
}

/** Start with an image that most methods have a picture of; sort by and compare such methods. */
function begin() {
  const most = Math.max(0, ...images.map((_, image) => having(image).length));
  const shared = having(images.findIndex((_, image) => having(image).length === most));
  const scored = shared.find((row) => part("method").querySelector(`[value="${row}"]`));
  const first = scored ?? shared[0];
  if (scored !== undefined) part("method").value = scored;
  sort();
  const chosen = order.find((image) => having(image).length === most && (!most || having(image).includes(first)));
  const shown = having(chosen);
  part("left").value = shown.length < 2 ? 0 : shown[0];
  part("right").value = shown.at(-1) ?? rows.length - 1;
  show(order.indexOf(chosen));
}

function resort() {
  sort();
  show(0);
}

function drag(event) {
  if (event.buttons) split(spot(event, part("stage"))[0]);
}

for (const name of ["metric", "method", "order"]) part(name).addEventListener("change", resort);
for (const name of ["left", "right"]) {
  part(name).addEventListener("change", () => {
    const shown = sort();
    show(order.indexOf(shown));
  });
}
part("split").addEventListener("input", () => split(part("split").value));
part("stage").addEventListener("pointerdown", (event) => {
  event.preventDefault(); // else the browser drags the picture
  part("stage").setPointerCapture(event.pointerId);
  drag(event);
});
part("stage").addEventListener("pointermove", drag);
for (const name of ["zoom", "x", "y"]) part(name).addEventListener("input", zoom);
part("pixels").addEventListener("change", () => root.classList.toggle("in-pixels", part("pixels").checked));
tiles.forEach((tile, row) => {
  const frame = tile.querySelector(".frame");
  frame.addEventListener("click", () => view(row));
  frame.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    view(row);
  });
});
part("viewed").addEventListener("load", sizeViewed); // a busy browser may refuse to decode at once
viewer.addEventListener("click", () => viewer.close());
for (const tile of tiles) {
  tile.addEventListener("pointermove", (event) => {
    if (Number(part("zoom").value) === 1) return;
    [part("x").value, part("y").value] = spot(event, tile.querySelector(".frame"));
    zoom();
  });
}
part("back").addEventListener("click", () => show(place - 1));
part("on").addEventListener("click", () => show(place + 1));
list.addEventListener("keydown", (event) => {
  const goal = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: order.length - 1 }[event.key];
  if (goal === undefined) return;
  event.preventDefault();
  show(goal);
});
document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const elsewhere = event.target !== document.body && !root.contains(event.target);
  // Sliders and selects use the arrow keys themselves
  if (!step || elsewhere || event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, select")) return;
  event.preventDefault();
  if (viewer.open) view(viewed + step);
  else show(place + step);
});

part("sorting").hidden = !metrics.length;
root.hidden = false;
document.documentElement.classList.add("scripted");
split(50);
zoom();
begin();
