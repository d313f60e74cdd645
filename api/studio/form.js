/** The form of a kind: a row for each field of its request, with the field's own names. */

import { ProblemError } from "./api.js";
import { freshId, h } from "./dom.js";
import { controlFor } from "./fields/controls.js";
import { icon } from "./icons.js";
import { defaultOf, inOrder } from "./schema.js";

/**
 * @typedef {import("./schema.js").Field} Field
 * @typedef {import("./schema.js").Kind} Kind
 * @typedef {import("./fields/controls.js").Control} Control
 * @typedef {import("./fields/controls.js").Model} Model
 *
 * @typedef {object} Row
 * @property {Field} field
 * @property {Control} control
 * @property {HTMLElement} element
 * @property {(text: string) => void} complain "" takes it back.
 *
 * @typedef {object} Form
 * @property {HTMLFormElement} element
 * @property {() => Record<string, any>} body What is said; the rest is the service's default.
 * @property {(body: Record<string, any>) => void} fill
 * @property {(files: File[]) => boolean} paste Whether there is a place for them.
 * @property {(name: string, value: any) => void} set
 * @property {(field: string, isOff: boolean, why?: string) => void} disable
 * @property {(verb: string) => void} verb Names the button.
 * @property {() => Model|undefined} model The chosen one.
 */

/**
 * Returns a form.
 *
 * @param {Kind} kind
 * @param {{models: Model[], choosePicture: () => Promise<string|null>,
 *   submit: (body: Record<string, any>) => Promise<void>, changed: () => void}} around
 * @returns {Form}
 */
export function createForm(kind, { models, choosePicture, submit, changed }) {
  /** @type {Row[]} */
  const rows = [];
  const complaint = h("p", { class: "wrong whole", role: "alert" });
  const button = h("button", { type: "submit", class: "primary" }, "Create");
  const element = h("form", { novalidate: true, "aria-label": `New ${kind.name}` });

  const model = () => {
    const row = rows.find(({ field }) => field.type === "model");
    const name = row?.control.read() ?? row?.field.fallback;
    return models.find((each) => each.name === name);
  };

  for (const field of inOrder(kind.fields)) {
    const row = rowOf(field, { models, model, choosePicture, changed: () => noticed(row) });
    if (row) rows.push(row);
  }
  for (const { control } of rows) control.modelChanged?.();

  /** @param {Row|null} row */
  function noticed(row) {
    if (!row) return;
    row.complain("");
    if (row.field.type === "model") for (const each of rows) each.control.modelChanged?.();
    settle();
    changed();
  }

  /** Shows in each field what holds there while nothing is said. */
  function settle() {
    const values = Object.fromEntries(rows.map((row) => [row.field.name, valueOf(row)]));
    const { presets = {} } = rows.find(({ field }) => field.name === "preset")?.field ?? {};
    const chosen = presets[values.preset] ?? {};
    for (const { field, control } of rows) control.suggest?.(chosen[field.name] ?? defaultOf(field, values));
  }

  settle();

  const body = () => {
    const said = rows.map(({ field, control }) => [field.name, control.read()]);
    return Object.fromEntries(said.filter(([, value]) => value !== undefined));
  };

  async function send() {
    for (const row of rows) row.complain("");
    complaint.textContent = "";
    button.disabled = true;
    try {
      await submit(body());
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      show(error.problem);
    } finally {
      button.disabled = false;
    }
  }

  /** @param {import("./api.js").Problem} problem */
  function show({ title, detail, errors = [] }) {
    const placed = errors.flatMap(({ pointer, detail: why }) => {
      const row = rows.find(({ field }) => field.name === pointer?.split("/")[1]);
      row?.complain(why);
      return row ? [row] : [];
    });
    const unplaced = placed.length === 0 || placed.length < errors.length;
    complaint.textContent = unplaced ? `${title}: ${detail}` : "";
    placed[0]?.element.closest("details")?.setAttribute("open", "");
    focusable(placed[0]?.element)?.focus();
  }

  element.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) element.requestSubmit();
  });
  element.append(
    ...rows.filter(({ field }) => !field.advanced).map((row) => row.element),
    ...folded(rows.filter(({ field }) => field.advanced)),
    h("div", { class: "submit" }, complaint, button, h("span", { class: "hint" }, "Ctrl + Enter")),
  );

  return {
    element,
    body,
    model,
    fill: (values) => {
      for (const { field, control } of rows) {
        control.write(values[field.name] ?? undefined);
        mark(field.name);
      }
      settle();
    },
    set: (name, value) => {
      rows.find(({ field }) => field.name === name)?.control.write(value);
      mark(name);
      settle();
    },
    paste: (files) => {
      const takers = rows.filter(({ control }) => control.take);
      const focused = takers.find((row) => row.element.contains(document.activeElement));
      const free = takers.find(({ control }) => control.read() === undefined);
      const row = focused ?? free ?? takers[0];
      row?.control.take?.(files);
      return row !== undefined;
    },
    disable: (name, isOff, why = "") => {
      const row = rows.find(({ field }) => field.name === name);
      row?.element.toggleAttribute("inert", isOff);
      row?.element.classList.toggle("off", isOff);
      row?.element.setAttribute("title", why);
    },
    verb: (verb) => button.replaceChildren(verb),
  };

  /** @param {string} name */
  function mark(name) {
    const row = rows.find(({ field }) => field.name === name);
    row?.element.classList.toggle("said", row.control.read() !== undefined);
  }
}

/**
 * @param {Field} field
 * @param {Omit<import("./fields/controls.js").Setting, "id"|"help">} around
 * @returns {Row|null}
 */
function rowOf(field, around) {
  const [id, help] = [freshId(field.name), freshId("help")];
  const control = controlFor(field, {
    ...around,
    id,
    help,
    changed: () => {
      element.classList.toggle("said", control?.read() !== undefined);
      around.changed();
    },
  });
  const element = h("div", { class: `row ${field.type}`, "data-field": field.name });
  if (!control) return null;

  const title = h(control.isGroup ? "span" : "label", { for: control.isGroup ? null : id }, field.title);
  title.id = `${id}-title`;
  if (control.isGroup) {
    element.setAttribute("role", "group");
    element.setAttribute("aria-labelledby", title.id);
  }
  const text = h("p", { class: "help", id: help, hidden: true }, ...explained(field));
  const wrong = h("p", { class: "wrong", role: "alert", id: `${id}-wrong` });
  const reset = h(
    "button",
    {
      type: "button",
      class: "quiet reset",
      "aria-label": `Reset ${field.title}`,
      title: "Back to the default",
      onclick: () => {
        control.write(undefined);
        element.classList.remove("said");
        around.changed();
        focusable(control.element)?.focus();
      },
    },
    icon("reset"),
  );
  element.append(
    h(
      "div",
      { class: "row-head" },
      title,
      field.required && h("span", { class: "needed" }, "needed"),
      field.unit && h("span", { class: "unit" }, field.unit),
      reset,
      field.description && helpButton(field, text),
    ),
    control.element,
    text,
    wrong,
  );
  return { field, control, element, complain };

  /** @param {string} why */
  function complain(why) {
    wrong.textContent = why;
    element.classList.toggle("bad", why !== "");
    const part = focusable(control?.element);
    if (why) part?.setAttribute("aria-invalid", "true");
    else part?.removeAttribute("aria-invalid");
    part?.setAttribute("aria-describedby", why ? `${wrong.id} ${help}` : help);
  }
}

/**
 * @param {Field} field
 * @param {HTMLElement} text
 */
function helpButton(field, text) {
  const button = h(
    "button",
    {
      type: "button",
      class: "quiet help-button",
      "aria-label": `About ${field.title}`,
      "aria-expanded": "false",
      "aria-controls": text.id,
      onclick: () => {
        text.hidden = !text.hidden;
        button.setAttribute("aria-expanded", String(!text.hidden));
      },
    },
    icon("help"),
  );
  return button;
}

/** @param {Field} field */
function explained({ name, description, min, max, openMin }) {
  const parts = description.split("`");
  const words = parts.map((part, n) => (n % 2 ? h("code", {}, part) : part));
  const bounds = [
    min !== undefined && `${openMin ? "above" : "from"} ${min}`,
    max !== undefined && `up to ${max}`,
  ].filter(Boolean);
  const ranged = bounds.length > 0 && ` ${bounds.join(" ")}.`;
  return [...words, ranged && ranged.replace(" a", " A").replace(" f", " F"), " ", h("code", {}, name)];
}

/** @param {Row} row */
function valueOf({ field, control }) {
  return control.read() ?? field.fallback;
}

/** @param {Row[]} rows */
function folded(rows) {
  if (!rows.length) return [];
  const summary = h("summary", {}, "More settings", h("span", { class: "count" }, rows.length));
  return [h("details", { class: "advanced" }, summary, ...rows.map((row) => row.element))];
}

/**
 * Returns the part of a row to go to: the one that has the field's name, if it can be seen.
 *
 * @param {HTMLElement|undefined} element
 * @returns {HTMLElement|null}
 */
function focusable(element) {
  if (element?.matches("input, select, textarea")) return element;
  const found = element?.querySelectorAll("[name], input, select") ?? [];
  const parts = /** @type {HTMLElement[]} */ ([...found]);
  const isNamed = (/** @type {HTMLElement} */ part) => part.hasAttribute("name");
  return parts.find((part) => isNamed(part) && part.checkVisibility()) ?? parts[0] ?? null;
}
