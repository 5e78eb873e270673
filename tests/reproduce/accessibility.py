"""What a page must have so that everybody can read it, asked of the page itself: WCAG 2.2, level AA, as far as a script
can tell. The value of :data:`CHECKS` in a page is a list of problems in words."""

CHECKS = r"""
(() => {
  const problems = [], say = (what, one) => problems.push(`${what}: ${(one?.outerHTML ?? "").slice(0, 90)}`);
  const all = selector => [...document.querySelectorAll(selector)].filter(one => one.checkVisibility());
  if (!document.documentElement.lang) say("no language");
  if (!document.title) say("no title");
  if (all("main").length !== 1) say("not one main");
  const headings = all("h1, h2, h3, h4, h5, h6");
  if (headings.filter(one => one.tagName === "H1").length !== 1) say("not one h1");
  headings.reduce((before, one) => {
    const skipped = Number(one.tagName[1]) > Number(before.tagName[1]) + 1;
    if (skipped) say(`${one.tagName} after ${before.tagName}`.toLowerCase(), one);
    return one;
  }, { tagName: "H0" });
  for (const one of all("input, select, textarea")) if (!one.labels?.length && !one.ariaLabel) say("no label", one);
  for (const one of all("a[href], button, summary")) {
    const alt = [...one.querySelectorAll("img")].map(image => image.alt).join("");
    if (!(one.textContent.trim() || one.ariaLabel || alt)) say("no name", one);
  }
  for (const one of all("img")) if (!one.hasAttribute("alt")) say("no alt", one);
  for (const one of all("nav a, li > a:only-child, button, summary, select, input")) {
    const box = one.getBoundingClientRect();
    if (box.height && Math.min(box.width, box.height) < 24 && !one.closest(".skip")) say("smaller than 24 px", one);
  }
  const navs = all("nav");
  for (const one of navs) if (navs.length > 1 && !one.ariaLabel) say("a nav without a name", one);
  const ids = [...document.querySelectorAll("[id]")].map(one => one.id);
  for (const id of new Set(ids)) if (ids.indexOf(id) !== ids.lastIndexOf(id)) say(`twice: ${id}`);
  for (const one of all("table")) if (!one.querySelector("th")) say("a table without a head", one);
  for (const one of all("svg")) if (!one.ariaHidden && !one.ariaLabel) say("a drawing without words", one);

  // Contrast: the ink of every text against what lies behind it, each blended onto what it lies on.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const seen = new Map();
  const rgba = colour => {
    if (!seen.has(colour)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      seen.set(colour, [r, g, b, a / 255]);
    }
    return seen.get(colour);
  };
  const over = (top, below) => top.slice(0, 3).map((part, i) => part * top[3] + below[i] * (1 - top[3]));
  const behind = one => {
    if (!one) return rgba(matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff").slice(0, 3);
    const colour = rgba(getComputedStyle(one).backgroundColor);
    return colour[3] === 1 ? colour.slice(0, 3) : over(colour, behind(one.parentElement));
  };
  const light = colour => {
    const linear = part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
    const [r, g, b] = colour.map(part => linear(part / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const told = new Set();
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !one.checkVisibility() || one.closest("script, style, option")) continue;
    const style = getComputedStyle(one), ground = behind(one);
    const ink = over(rgba(one.closest("svg") ? style.fill : style.color), ground);
    const [dim, bright] = [light(ink), light(ground)].sort((a, b) => a - b), ratio = (bright + .05) / (dim + .05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const key = `${ink} ${ground}`;
    if (ratio < (large ? 3 : 4.5) && !told.has(key)) { told.add(key); say(`contrast ${ratio.toFixed(2)}`, one); }
  }
  return problems;
})()
"""
