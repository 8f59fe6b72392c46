import { formatCount } from "./format.js";

/** Fills the table with all that a pool's statistics tell, as they are named in the code. */
export function showStatistics(body, stats) {
  const numbers = Object.entries(stats).filter(([, value]) => typeof value === "number");
  body.replaceChildren(...numbers.map(([name, value]) => {
    const row = document.createElement("tr");
    const [head, cell] = [document.createElement("th"), document.createElement("td")];
    head.scope = "row";
    head.textContent = name;
    cell.textContent = formatCount(value);
    row.append(head, cell);
    return row;
  }));
}

/** Tells the latest failure, and how long ago it was. */
export function showLastError(paragraph, { lastError }, now) {
  paragraph.hidden = lastError === undefined;
  if (!lastError) return;
  const seconds = Math.max(0, Math.round((now - lastError.at) / 1_000));
  const ago = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  paragraph.textContent = `Latest failure, ${ago} ago: ${lastError.message}`;
}
