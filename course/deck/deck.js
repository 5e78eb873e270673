// One slide at a time: arrows, space, Page keys, Home and End; "n" shows the notes. Without JavaScript, and on paper,
// all slides stand one below the other.
const slides = [...document.querySelectorAll(".slides > section > section")];
const root = document.documentElement;
let now = 0;

function fit(slide) {
  // Smaller letters until all is seen, down to two thirds; below that one scrolls.
  for (let size = 100; size >= 66; size -= 4) {
    slide.style.fontSize = `${size}%`;
    if (slide.scrollHeight <= slide.clientHeight) return;
  }
}

function show(number) {
  now = Math.min(Math.max(number, 0), slides.length - 1);
  slides.forEach((slide, place) => slide.classList.toggle("shown", place === now));
  document.getElementById("place").textContent = `${now + 1} / ${slides.length}`;
  document.getElementById("back").disabled = now === 0;
  document.getElementById("on").disabled = now === slides.length - 1;
  slides[now].scrollTop = 0;
  fit(slides[now]);
  history.replaceState(null, "", `#${now + 1}`);
}

function toggleNotes() {
  const shown = root.classList.toggle("with-notes");
  document.getElementById("notes").setAttribute("aria-pressed", String(shown));
  fit(slides[now]);
}

const keys = {
  ArrowRight: () => show(now + 1), ArrowDown: () => show(now + 1), PageDown: () => show(now + 1), " ": () => show(now + 1),
  ArrowLeft: () => show(now - 1), ArrowUp: () => show(now - 1), PageUp: () => show(now - 1),
  Home: () => show(0), End: () => show(slides.length - 1), n: toggleNotes,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  if (event.key === " " && event.target.closest("button")) return;
  event.preventDefault();
  keys[event.key]();
});
document.getElementById("back").addEventListener("click", () => show(now - 1));
document.getElementById("on").addEventListener("click", () => show(now + 1));
document.getElementById("notes").addEventListener("click", toggleNotes);
addEventListener("resize", () => fit(slides[now]));
addEventListener("hashchange", () => show((parseInt(location.hash.slice(1), 10) || 1) - 1));
root.classList.add("one-at-a-time");
show((parseInt(location.hash.slice(1), 10) || 1) - 1);
