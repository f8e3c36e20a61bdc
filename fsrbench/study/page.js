"use strict";
// Shows a study's pairs in a rater's own order and keeps the answers. Nothing is sent: the rater saves a file.
(() => {
  const study = JSON.parse(document.getElementById("study").textContent);
  const screens = [...document.querySelectorAll("main")];
  const part = (name) => document.querySelector(`[data-part="${name}"]`);
  const all = (name) => document.querySelectorAll(`[data-part="${name}"]`);
  const LARGEST = 448; // CSS pixels that a picture is shown at, unless it has more of its own
  let session = null; // {rater, block, answers: [{trial, choice, ms}]}
  let order = []; // the trials in the order in which this rater sees them
  let place = 0; // which of them is shown
  let shownAt = 0;
  let storage = null;
  try {
    storage = window.localStorage;
    storage.setItem("fsrbench", "1");
  } catch {
    storage = null; // some browsers store nothing for pages opened from disk
  }

  // ---- the rater's own order -------------------------------------------------------------------------------------
  function hash(text) { // FNV-1a, 32 bits
    let value = 2166136261;
    for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 16777619) >>> 0;
    return value;
  }

  function randomFrom(seed) { // mulberry32
    return () => {
      seed = (seed + 0x6d2b79f5) >>> 0;
      let value = Math.imul(seed ^ (seed >>> 15), seed | 1);
      value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
      return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
    };
  }

  function shuffled(items, random) {
    const mixed = [...items];
    for (let last = mixed.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1));
      [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
    }
    return mixed;
  }

  const plain = (name) => name.normalize("NFKC").trim().replace(/\s+/g, " ").slice(0, 60);
  const blockOf = (name) =>
    (/^[1-9]\d{0,5}$/.test(name) ? Number(name) - 1 : hash(name.toLowerCase())) % study.blocks.length;

  function orderOf(name, block) {
    const random = randomFrom(hash(`${study.study}/${name.toLowerCase()}`));
    return study.blocks[block].flatMap((chunks) => chunks.flatMap((chunk) => shuffled(chunk, random)));
  }

  // ---- what is kept ----------------------------------------------------------------------------------------------
  const keyOf = (name) => `fsrbench-study/${study.study}/${name.toLowerCase()}`;

  function keep() {
    try {
      storage?.setItem(keyOf(session.rater), JSON.stringify(session));
    } catch {
      storage = null; // full; the file still works
    }
  }

  function kept(name) {
    try {
      return valid(JSON.parse(storage?.getItem(keyOf(name)) ?? "null"), name);
    } catch {
      return null;
    }
  }

  function valid(found, name) { // a session that belongs to this page, else null
    if (!found || typeof found.rater !== "string" || !Array.isArray(found.answers)) return null;
    if (name !== undefined && found.rater.toLowerCase() !== name.toLowerCase()) return null;
    const block = blockOf(found.rater);
    const known = new Set(study.blocks[block].flat(2));
    const answers = found.answers.filter((a) => known.delete(a.trial) && ["left", "right", "none"].includes(a.choice));
    return { rater: found.rater, block, answers: answers.map(({ trial, choice, ms }) => ({ trial, choice, ms: Number(ms) || 0 })) };
  }

  function file() {
    return {
      schema_version: 1,
      kind: "fsrbench study answers",
      study: study.study,
      rater: session.rater,
      block: session.block,
      complete: session.answers.length === order.length,
      side: side(),
      pixel_ratio: window.devicePixelRatio || 1,
      answers: session.answers,
    };
  }

  function save() {
    const url = URL.createObjectURL(new Blob([JSON.stringify(file(), null, 1) + "\n"], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `answers-${session.rater.replace(/[^\p{L}\p{N}_-]+/gu, "-")}-${study.study.slice(0, 8)}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    part("saved").textContent = `Saved as ${link.download}, where your browser puts downloads.`;
  }

  async function load(event) {
    const chosen = event.target.files[0];
    if (!chosen) return;
    try {
      const found = JSON.parse(await chosen.text());
      const loaded = found.study === study.study ? valid(found) : null;
      if (!loaded) throw new Error();
      begin(loaded);
    } catch {
      part("problem").textContent = `${chosen.name} is not a file of answers to this study.`;
    }
    event.target.value = "";
  }

  // ---- screens ---------------------------------------------------------------------------------------------------
  function show(name) {
    for (const screen of screens) screen.hidden = screen.id !== name;
    document.querySelector(`#${name} h1`).focus({ preventScroll: true });
  }

  function side() { // whole screen pixels per pixel, as many as have room; the same for all pictures
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    const narrow = window.matchMedia("(max-width: 40rem)").matches;
    const three = study.questions.some((question) => question.reference);
    const across = narrow ? (width - 28) / 2 : (width - 32 - (three ? 48 : 24)) / (three ? 3 : 2);
    const around = height <= 480 ? 170 : 235; // what stands above and below, see page.css
    const down = narrow && three ? (height - around - 15) / 2 : height - around;
    const room = Math.max(64, Math.min(across, down, Math.max(LARGEST, study.side)));
    const step = study.side / (window.devicePixelRatio || 1);
    return room < step ? Math.floor(room) : Math.floor(room / step) * step;
  }

  function fitPictures() {
    document.documentElement.style.setProperty("--side", `${side()}px`);
  }

  const url = (number) => `data:image/webp;base64,${study.pictures[number]}`;

  const drawn = (picture) => new Promise((resolve) => { // a busy browser may refuse to decode, or never answer
    picture.decode().then(resolve, () => {});
    for (const event of ["load", "error"]) picture.addEventListener(event, resolve, { once: true });
  });

  async function ask() {
    if (place >= order.length) return show("end");
    const [question, left, right, reference] = study.trials[order[place]];
    part("text").textContent = study.questions[question].text;
    part("place").textContent = `Pair ${place + 1} of ${order.length}`;
    part("progress").max = order.length;
    part("progress").value = place;
    part("back").disabled = place === 0;
    part("reference-box").hidden = reference === undefined;
    fitPictures();
    const shown = { left, right, ...(reference === undefined ? {} : { reference }) };
    show("question");
    shownAt = 0; // no answer before all pictures are there
    for (const name of Object.keys(shown)) part(name).style.visibility = "hidden";
    for (const [name, number] of Object.entries(shown)) part(name).src = url(number);
    const asked = place;
    await Promise.all(Object.keys(shown).map((name) => drawn(part(name))));
    if (asked !== place) return;
    for (const name of Object.keys(shown)) part(name).style.visibility = "";
    shownAt = performance.now();
  }

  function next() { // ask; where a new part begins, introduce its question first
    const question = place < order.length ? study.trials[order[place]][0] : -1;
    const before = place > 0 ? study.trials[order[place - 1]][0] : -1;
    if (question === -1 || question === before) return ask();
    part("part-number").textContent = `Part ${question + 1} of ${study.questions.length}`;
    part("part-question").textContent = study.questions[question].text;
    part("part-hint").textContent = study.questions[question].reference
      ? "The reference shows the person. Choose the picture that shows the same person, whatever its quality; if both do equally well, say no difference."
      : "Choose the one that looks better to you; if you see no difference, say so.";
    show("part");
  }

  function begin(found) {
    session = found;
    order = orderOf(session.rater, session.block);
    const answered = new Set(session.answers.map((answer) => answer.trial));
    place = order.findIndex((trial) => !answered.has(trial));
    if (place < 0) place = order.length;
    next();
  }

  function answer(choice) {
    if (!shownAt) return;
    const trial = order[place];
    const given = { trial, choice, ms: Math.min(Math.round(performance.now() - shownAt), 86400000) };
    session.answers = [...session.answers.filter((earlier) => earlier.trial !== trial), given];
    keep();
    const answered = new Set(session.answers.map((earlier) => earlier.trial));
    while (place < order.length && answered.has(order[place])) place += 1; // after a step back, on to the open one
    next();
  }

  function back() {
    if (place === 0) return;
    place -= 1;
    ask();
  }

  function pause() {
    shownAt = 0; // the waiting pair's time starts again
    part("so-far").textContent = `${session.answers.length} of ${order.length} pairs are answered.`;
    part("how-to-return").textContent = storage
      ? "You may close the page: open it again in this browser and enter the same name."
      : "This browser keeps nothing when the page is closed: save the answers, and load them to continue.";
    show("paused");
  }

  // ---- what the rater does ---------------------------------------------------------------------------------------
  const KEYS = { ArrowLeft: "left", ArrowRight: "right", " ": "none" };
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target.closest?.("button");
    if (document.getElementById("question").hidden) {
      if (event.key === "Enter" && !onButton && !event.target.closest("input")) {
        event.preventDefault();
        document.querySelector("main:not([hidden]) button.main").click();
      }
      return;
    }
    if (onButton && event.key === " ") return; // the button's own
    if (event.key in KEYS) answer(KEYS[event.key]);
    else if (event.key === "ArrowUp") back();
    else if (event.key.toLowerCase() === "p" || event.key === "Escape") pause();
    else return;
    event.preventDefault();
  });
  for (const button of document.querySelectorAll("[data-choice]"))
    button.addEventListener("click", () => answer(button.dataset.choice));
  part("back").addEventListener("click", back);
  part("back-from-end").addEventListener("click", back);
  part("pause").addEventListener("click", pause);
  part("resume").addEventListener("click", ask);
  part("part-begin").addEventListener("click", ask);
  part("load").addEventListener("change", load);
  for (const button of all("save")) button.addEventListener("click", save);
  part("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = plain(document.getElementById("rater").value);
    if (name) begin(kept(name) ?? { rater: name, block: blockOf(name), answers: [] });
  });
  document.getElementById("rater").addEventListener("input", (event) => {
    const found = kept(plain(event.target.value));
    part("found").textContent = found ? `Continues after the ${found.answers.length} pairs already answered.` : "";
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && !document.getElementById("question").hidden) pause();
  });
  window.addEventListener("resize", fitPictures);
  window.addEventListener("beforeunload", (event) => {
    if (!storage && session?.answers.length) event.preventDefault();
  });

  part("count").textContent = study.blocks[0].flat(2).length;
  part("kept").textContent = storage
    ? "your answers are kept in this browser, so you can stop and continue later."
    : "this browser keeps nothing, so save your answers before you close the page.";
  show("start");
  if (window.matchMedia("(pointer: fine)").matches) document.getElementById("rater").focus();
})();
