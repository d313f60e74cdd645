/** The studio: forms of all kinds, a stage, and the gallery of what was made. */

import { ProblemError, read } from "./api.js";
import { announce, byId, h } from "./dom.js";
import { createForm } from "./form.js";
import { titled } from "./format.js";
import { Gallery } from "./gallery.js";
import { Jobs } from "./jobs.js";
import { installKey } from "./key.js";
import { hasPad, Pad } from "./pad.js";
import { choosePicture } from "./picker.js";
import { kindsOf } from "./schema.js";
import { Stage } from "./stage.js";
import { hasTemperatures, Temperatures } from "./temperatures.js";
import { installTheme } from "./theme.js";

/**
 * @typedef {import("./schema.js").Kind} Kind
 * @typedef {import("./form.js").Form} Form
 * @typedef {{name: string, title: string}} Mode
 */

installTheme(byId("theme", HTMLButtonElement));
installKey(byId("key", HTMLButtonElement));
start().catch((error) => {
  const detail = error instanceof ProblemError ? error.message : "The studio has a fault";
  byId("workshop", HTMLElement).replaceChildren(h("p", { class: "wrong", role: "alert" }, detail));
  throw error;
});

async function start() {
  const [description, { models }] = await Promise.all([read("/openapi.json"), read("/v1/models")]);
  const kinds = kindsOf(description);
  const jobs = new Jobs();
  /** @type {Map<string, Form>} */
  const forms = new Map();
  /** @type {Map<string, Pad>} */
  const pads = new Map();
  const temperatures = new Temperatures(jobs);
  const stage = new Stage(byId("stage", HTMLElement), jobs, kinds, {
    again: async (entry) => {
      const { seed, ...body } = entry.sent;
      show(await jobs.submit(kindNamed(entry.kind), body));
    },
    edit: (entry) => {
      formOf(kindNamed(entry.kind)).fill(entry.sent);
      go(entry.kind);
    },
    use: (reference, kind, field) => {
      formOf(kind).set(field, reference);
      go(kind.name);
    },
  });
  const gallery = new Gallery(byId("gallery", HTMLElement), jobs, (id) => {
    show(id);
    stage.element.scrollIntoView({ block: "nearest" });
    stage.element.focus({ preventScroll: true });
  });

  /** @param {string} name */
  const kindNamed = (name) => kinds.find((kind) => kind.name === name) ?? kinds[0];

  /** @param {string} id */
  function show(id) {
    stage.show(id);
    gallery.mark(id);
  }

  /** @param {Kind} kind */
  function formOf(kind) {
    let form = forms.get(kind.name);
    if (!form) {
      form = createForm(kind, {
        models: models.filter((/** @type {any} */ model) => model.kinds.includes(kind.name)),
        choosePicture: () => choosePicture(jobs),
        submit: (body) => submit(kind, body),
        changed: () => {
          const pad = pads.get(kind.name);
          if (pad?.element.isConnected) pad.open();
        },
      });
      forms.set(kind.name, form);
    }
    return form;
  }

  /**
   * @param {Kind} kind
   * @param {Record<string, any>} body
   */
  async function submit(kind, body) {
    announce(`${titled(kind.name)}: sent`);
    if (place().mode === "temperatures") {
      await temperatures.write(kind, body);
    } else {
      show(await jobs.submit(kind, body));
    }
    if (matchMedia("(max-width: 60rem)").matches) stage.element.scrollIntoView();
  }

  /** @returns {{kind: Kind, mode: string}} What the address names. */
  function place() {
    const [name, mode = ""] = decodeURIComponent(location.hash.slice(1)).split("/");
    return { kind: kindNamed(name), mode };
  }

  /** @param {string} hash */
  function go(hash) {
    if (location.hash === `#${hash}`) arrive();
    else location.hash = hash;
  }

  function arrive() {
    const { kind, mode } = place();
    const form = formOf(kind);
    document.title = `${titled(kind.name)} · genart`;
    byId("workshop-title", HTMLElement).textContent = titled(kind.name);
    byId("workshop-summary", HTMLElement).textContent = kind.summary;
    const nav = byId("kinds", HTMLElement);
    nav.replaceChildren(links(kinds, kind.name));
    const chosen = nav.querySelector("a[aria-current]");
    if (chosen instanceof HTMLElement) nav.scrollLeft = chosen.offsetLeft - nav.clientWidth / 3;
    byId("modes", HTMLElement).replaceChildren(...modeLinks(kind, mode));
    byId("form", HTMLElement).replaceChildren(...places(kinds, kind, form));
    const isCompared = mode === "temperatures" && hasTemperatures(kind);
    const isPad = mode === "pad" && hasPad(kind);
    form.element.classList.toggle("for-pad", isPad);
    form.disable("temperature", isCompared, isCompared ? "Each column has its own" : "");
    form.verb(isCompared ? "Write all four" : "Create");
    if (isCompared) stage.lend(temperatures.element);
    else if (isPad) openPad(kind);
    else if (!stage.id || jobs.entry(stage.id)?.kind !== kind.name) showLatest(kind);
  }

  /** @param {Kind} kind */
  function openPad(kind) {
    let pad = pads.get(kind.name);
    if (!pad) {
      pad = new Pad(jobs, kind, formOf(kind).model, (id) => gallery.mark(id));
      pads.set(kind.name, pad);
    }
    stage.lend(pad.element);
    pad.open();
  }

  /** @param {Kind} kind */
  function showLatest(kind) {
    const latest = jobs.entries.find((entry) => entry.kind === kind.name && !jobs.state(entry.id).gone);
    if (latest) show(latest.id);
    else stage.clear(kind);
    gallery.mark(stage.id);
  }

  addEventListener("hashchange", () => {
    arrive();
    scrollTo({ top: 0, behavior: "instant" });
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((f) => f.type.startsWith("image/"));
    if (files.length && formOf(place().kind).paste(files)) event.preventDefault();
  });
  await jobs.recall();
  arrive();
}

/**
 * @param {Kind[]} kinds
 * @param {string} current
 */
function links(kinds, current) {
  const items = kinds.map(({ name }) => {
    const mark = name === current ? "page" : null;
    return h("li", {}, h("a", { href: `#${name}`, "aria-current": mark }, titled(name)));
  });
  return h("ul", {}, ...items);
}

/**
 * Returns a place for each kind, so that its link leads somewhere; the present one has its form.
 *
 * @param {Kind[]} kinds
 * @param {Kind} current
 * @param {Form} form
 */
function places(kinds, current, form) {
  return kinds.map((kind) => {
    const isHere = kind === current;
    return h("div", { id: kind.name, hidden: !isHere }, isHere && form.element);
  });
}

/**
 * @param {Kind} kind
 * @param {string} current
 */
function modeLinks(kind, current) {
  const modes = [{ name: "", title: "One work" }];
  if (hasTemperatures(kind)) modes.push({ name: "temperatures", title: "Four temperatures" });
  if (hasPad(kind)) modes.push({ name: "pad", title: "Pad" });
  if (modes.length < 2) return [];
  const items = modes.map(({ name, title }) => {
    const href = name ? `#${kind.name}/${name}` : `#${kind.name}`;
    return h("li", {}, h("a", { href, "aria-current": name === current ? "page" : null }, title));
  });
  return [h("nav", { "aria-label": "Ways to work" }, h("ul", { class: "segments" }, ...items))];
}
