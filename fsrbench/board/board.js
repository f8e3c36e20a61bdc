/* Find rows, choose columns. Sorting is in sort.js. */
document.documentElement.classList.add("scripted");

for (const form of document.querySelectorAll("form.controls")) {
  const table = document.getElementById(form.dataset.for);
  const part = (name) => form.querySelector(`[data-part="${name}"]`);
  const said = form.querySelector("output");
  const rows = [...table.tBodies[0].rows].map((row) => ({
    row, text: [...row.querySelectorAll("th, .words")].map((cell) => cell.textContent).join(" ").toLowerCase(),
  }));

  const show = () => {
    const words = part("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const level = Number(part("level")?.value || 0);
    let count = 0;
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word)) || Number(row.dataset.level || 0) < level;
      count += row.hidden ? 0 : 1;
    }
    said.textContent = count < rows.length ? `${count} of ${rows.length} methods` : "";
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const box = event.target;
    if (box.dataset.part !== "column") return show();
    for (const row of table.rows) row.cells[Number(box.value)].hidden = !box.checked;
  });
  form.reset(); // browsers keep what was typed before a reload, and the table would not show it
}
