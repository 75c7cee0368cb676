// The desk works without this. With it: a chart tells the step under the pointer or the arrow keys,
// a definition stands next to its figure, and a slow answer says that it is coming.

for (const figure of document.querySelectorAll("figure.trend")) {
  const told = figure.querySelector(".told");
  for (const chart of figure.querySelectorAll("svg.chart")) {
    const steps = [...chart.querySelectorAll(".step")];
    let here = steps.length - 1;
    const show = (index) => {
      steps[here].classList.remove("here");
      here = Math.min(steps.length - 1, Math.max(0, index));
      steps[here].classList.add("here");
      told.textContent = steps[here].querySelector("title").textContent;
    };
    chart.setAttribute("tabindex", "0");
    chart.addEventListener("focus", () => show(here));
    chart.addEventListener("pointermove", (event) => {
      const step = steps.indexOf(event.target.closest(".step"));
      if (step >= 0 && step !== here) show(step);
    });
    chart.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: steps.length - 1 };
      if (!(event.key in to)) return;
      event.preventDefault();
      show(to[event.key]);
    });
  }
}

const GAP = 4;
const place = (term) => {
  const meaning = term.querySelector(".meaning");
  const box = term.getBoundingClientRect();
  meaning.classList.add("near");
  const { width, height } = meaning.getBoundingClientRect();
  const left = Math.min(Math.max(16, box.left), innerWidth - width - 16);
  const below = box.bottom + GAP + height < innerHeight;
  meaning.style.left = `${Math.max(8, left)}px`;
  meaning.style.top = `${below ? box.bottom + GAP : Math.max(8, box.top - GAP - height)}px`;
};
for (const term of document.querySelectorAll(".term")) {
  term.addEventListener("pointerenter", () => place(term));
  term.addEventListener("focusin", () => place(term));
  for (const back of ["pointerleave", "focusout"])
    term.addEventListener(back, () => term.classList.remove("shut"));
}
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const term of document.querySelectorAll(".term:hover, .term:focus-within"))
    term.classList.add("shut");
});

const reading = document.querySelector(".reading");
if (reading) {
  const begin = () => setTimeout(() => { reading.hidden = false; }, 300);
  for (const form of document.querySelectorAll("form.filters")) form.addEventListener("submit", begin);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) begin();
  });
  addEventListener("pageshow", () => { reading.hidden = true; });
}
