/** What a test asks the page about its look. Each of these runs in the page, and knows nothing of what is around it here. */

/** How wide the page is; more than the screen has, and it scrolls sideways. */
export function pageWidth() {
  return document.documentElement.scrollWidth;
}

/** Texts in the charts that are too small to be read on a phone, or that leave their card. */
export function poorTexts() {
  return [...document.querySelectorAll("svg text")].filter((text) => {
    const [box, card] = [text.getBoundingClientRect(), text.closest(".card").getBoundingClientRect()];
    const isWithin = box.left >= card.left && box.right <= card.right && box.top >= card.top &&
      box.bottom <= card.bottom;
    return !isWithin || parseFloat(getComputedStyle(text).fontSize) < 12;
  }).map((text) => text.textContent);
}

/** Pairs of labels of one axis that cover each other. */
export function coveredLabels() {
  const covers = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return [...document.querySelectorAll("svg")].flatMap((svg) =>
    [".time", ".value"].flatMap((axis) => {
      const labels = [...svg.querySelectorAll(axis)].map((text) => [text.textContent, text.getBoundingClientRect()]);
      return labels.flatMap(([text, box], index) =>
        labels.slice(index + 1).filter(([, other]) => covers(box, other)).map(([other]) => `${text} and ${other}`)
      );
    })
  );
}

/** Texts whose contrast with what is behind them is less than 4.5 (WCAG 2.2, 1.4.3). */
export function faintTexts() {
  const luminance = (color) => {
    const [red, green, blue] = color.match(/[\d.]+/g).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return color === "rgba(0, 0, 0, 0)" ? behind(element.parentElement) : color;
  };
  const contrast = (text) => {
    const { fill, color } = getComputedStyle(text);
    const [dark, light] = [text.closest("svg") ? fill : color, behind(text)].map(luminance).sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const texts = "h1, h2, dt, dd, label, summary, footer a, svg text, #connection, #last-error";
  return [...document.querySelectorAll(texts)].map((text) => [text.textContent, contrast(text)])
    .filter(([, contrast]) => contrast < 4.5);
}

/** The charts by their titles: what a screen reader reads, and how many shapes are drawn. */
export function charts() {
  return [...document.querySelectorAll(".card")].map((card) => ({
    title: card.querySelector("h2").textContent,
    label: card.querySelector("svg[role=img]").getAttribute("aria-label"),
    shapes: [...card.querySelectorAll("path")].filter((path) => path.getAttribute("d") !== "").length,
  }));
}

/** Whether the charts are as wide as their cards let them be. */
export function isLaidOut() {
  const charts = [...document.querySelectorAll("svg")];
  return document.querySelector("svg path") !== null &&
    charts.every((svg) => svg.viewBox.baseVal?.width === svg.clientWidth);
}

/** The page's color. */
export function background() {
  return getComputedStyle(document.documentElement).backgroundColor;
}

/** Whether an element has this text. */
export function says(selector, text) {
  return document.querySelector(selector)?.textContent === text;
}

/** Whether the tile with this label has this text somewhere. */
export function tileSays(label, text) {
  return [...document.querySelectorAll("#tiles > div")].some((tile) => {
    const [term, ...values] = tile.querySelectorAll("dt, dd");
    return term.textContent === label && values.some((value) => value.textContent === text);
  });
}

/** Clicks on the choice of a pool. */
export function choose(name) {
  document.querySelector(`input[value="${name}"]`).click();
}

/** The middle of an element, from the window's corner. */
export function middleOf(selector) {
  const { left, top, width, height } = document.querySelector(selector).getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}

/** An element's text. */
export function textOf(selector) {
  return document.querySelector(selector).textContent;
}

/** Whether there are so many elements. */
export function has(selector, number) {
  return document.querySelectorAll(selector).length === number;
}

/** The page's fragment. */
export function fragment() {
  return location.hash;
}
