/** The choice among pools, which stands in the page's address as well, so that a link leads to one. */
export class PoolChoice {
  #fieldset;
  #onChange;
  #names = [];

  constructor(fieldset, onChange) {
    this.#fieldset = fieldset;
    this.#onChange = onChange;
    addEventListener("hashchange", () => this.#show());
  }

  /** The pool that is to be shown. */
  get chosen() {
    const wanted = location.hash.slice(1);
    return this.#names.find((name) => encodeURIComponent(name) === wanted) ?? this.#names[0];
  }

  /** Offers pools; the choice is only shown where there is one. */
  offer(names) {
    if (names.join("\n") === this.#names.join("\n")) return;
    this.#names = names;
    this.#fieldset.hidden = names.length < 2;
    this.#fieldset.querySelectorAll("label").forEach((label) => label.remove());
    this.#fieldset.append(...names.map((name) => this.#option(name)));
    this.#show();
  }

  #option(name) {
    const [label, input] = [document.createElement("label"), document.createElement("input")];
    Object.assign(input, { type: "radio", name: "pool", value: name });
    input.addEventListener("change", () => location.hash = encodeURIComponent(name));
    label.append(input, name);
    return label;
  }

  #show() {
    for (const input of this.#fieldset.querySelectorAll("input")) input.checked = input.value === this.chosen;
    this.#onChange();
  }
}
