/* Sort a table by a click on a heading: best first, on the next click worst first. Rows without a value stay last. */
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const inOrder = body ? [...body.rows] : [];
  const headings = [...table.tHead.rows[0].cells];

  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const rows = [...inOrder];
      let state = "other";
      if (heading.dataset.direction) {
        const first = heading.dataset.direction === "lower" ? "ascending" : "descending";
        const second = first === "ascending" ? "descending" : "ascending";
        state = heading.getAttribute("aria-sort") === first ? second : first;
        const sign = state === "ascending" ? 1 : -1;
        const value = (row) => row.cells[column].dataset.value;
        rows.sort((a, b) => {
          if (value(a) === "" || value(b) === "") return (value(a) === "") - (value(b) === "");
          if (value(a) === value(b)) return 0; // infinity minus itself is NaN
          const difference = Number(value(a)) - Number(value(b));
          return sign * (Number.isNaN(difference) ? value(a).localeCompare(value(b), "en", { numeric: true }) : difference);
        });
      }
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", state);
      body.append(...rows);
    });
  });
}
