/** The form's fields, out of the service's own document and out of hand-made schemas. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { defaultOf, fieldOf, inOrder, kindsOf } from "../../../api/studio/schema.js";

const DOCUMENT = JSON.parse(readFileSync(new URL("../../../openapi/openapi.json", import.meta.url), "utf8"));
const KINDS = new Map(kindsOf(DOCUMENT).map((kind) => [kind.name, kind]));

/** Returns what a field of a kind is. */
function field(kind, name) {
  const found = KINDS.get(kind).fields.find((each) => each.name === name);
  assert.ok(found, `${kind} has no ${name}`);
  return found;
}

/** Returns what becomes of a schema. */
function made(schema, { name = "it", required = false, document = {} } = {}) {
  return fieldOf(name, schema, required, document);
}

test("every kind of the document is offered, at its address", () => {
  const posts = Object.entries(DOCUMENT.paths).filter(([, path]) => path.post?.operationId?.startsWith("make_"));

  assert.ok(posts.length >= 6);
  assert.deepEqual([...KINDS.values()].map(({ path }) => path), posts.map(([path]) => path));
  for (const { name, path, summary } of KINDS.values()) {
    assert.equal(path, `/v1/${name}`);
    assert.notEqual(summary, "");
  }
  assert.equal(KINDS.get("dream").takesFiles, true);
  assert.equal(KINDS.get("text").takesFiles, false);
});

test("no field of the document is left without a control of its own kind", () => {
  const raw = [...KINDS.values()].flatMap(({ name, fields }) =>
    fields.filter(({ type }) => type === "json").map((each) => `${name}.${each.name}`),
  );

  assert.deepEqual(raw.filter((each) => !/\.(latents|channels|masks|points)$/.test(each)), []);
});

test("fields of the document get the controls that fit them", () => {
  const wanted = {
    "text.prompt": "text",
    "text.length": "number",
    "text.strategy": "choice",
    "text.stop": "texts",
    "text.model": "model",
    "text.seed": "seed",
    "dream.image": "image",
    "dream.layer_contributions": "weights",
    "dream.preset": "choice",
    "style.content": "image",
    "style.style": "images",
    "vae-edit.concepts": "weights",
    "gan-sample.class": "scalar",
    "vae-sample.seeds": "numbers",
  };

  const found = Object.keys(wanted).map((place) => [place, field(...place.split(".")).type]);
  assert.deepEqual(Object.fromEntries(found), wanted);
});

test("bounds, default and unit of a number are the document's", () => {
  const { min, max, fallback, integer, unit } = field("text", "length");

  assert.deepEqual({ min, max, fallback, integer, unit }, { min: 1, max: 100_000, fallback: 400, integer: true, unit: "tokens" });
});

test("what leaves no choice is no field, and what may be left out has no default", () => {
  assert.equal(made({ const: "image/png", type: "string" }).type, "fixed");
  assert.equal(made({ anyOf: [{ type: "integer", minimum: 0 }, { type: "null" }] }).fallback, null);
  assert.equal(made({ type: "number", default: 0 }).fallback, 0);
});

test("an open bound is told apart from a closed one", () => {
  const open = made({ type: "number", exclusiveMinimum: 0, maximum: 2 });
  const closed = made({ type: "number", minimum: 0, maximum: 2 });

  assert.deepEqual([open.min, open.openMin, open.max], [0, true, 2]);
  assert.deepEqual([closed.min, closed.openMin, closed.max], [0, false, 2]);
});

test("a default that follows other fields is the one that holds beside them", () => {
  const scales = [
    ["gan-sample", {}, 4],
    ["gan-sample", { mode: "sample", layout: "sheet" }, 2],
    ["gan-sample", { mode: "walk", frames: 200 }, 4],
    ["gan-sample", { mode: "walk", frames: 201 }, 2],
    ["gan-sample", { mode: "sample", frames: 201 }, 4],
    ["vae-sample", { mode: "grid", layout: null }, 2],
    ["vae-sample", { mode: "grid", layout: "images" }, 4],
    ["vae-edit", { layout: "sheet" }, 4],
  ];

  for (const [kind, values, wanted] of scales) {
    assert.equal(defaultOf(field(kind, "scale"), values), wanted, `${kind} ${JSON.stringify(values)}`);
  }
  const gradients = field("dream", "gradient_normalization");
  assert.equal(defaultOf(gradients, { target_class: null }), "mean-abs");
  assert.equal(defaultOf(gradients, { target_class: 0 }), "laplacian");
  assert.equal(defaultOf(made({ type: "integer", default: 3 }), { mode: "walk" }), 3);
});

test("weights have the bounds of their numbers, also where names alone may be listed", () => {
  const weights = { type: "object", additionalProperties: { type: "number", minimum: -5, maximum: 5 } };
  const names = { type: "array", items: { type: "string" } };
  const found = made({ anyOf: [weights, names] });

  assert.deepEqual([found.type, found.min, found.max], ["weights", -5, 5]);
});

test("references are followed, and what stands beside one holds", () => {
  const document = { components: { schemas: { Layout: { enum: ["images", "sheet"], type: "string", title: "Layout" } } } };
  const found = made({ $ref: "#/components/schemas/Layout", title: "Laid out", default: "sheet" }, { document });

  assert.deepEqual([found.type, found.title, found.fallback], ["choice", "Laid out", "sheet"]);
  assert.deepEqual(found.choices, ["images", "sheet"]);
});

test("several words or numbers make a list where a list is allowed", () => {
  const one = { anyOf: [{ type: "integer" }, { type: "string" }] };
  const several = { anyOf: [...one.anyOf, { type: "array", maxItems: 4, items: one }] };

  assert.deepEqual([made(one).type, made(one).takesList], ["scalar", false]);
  assert.deepEqual([made(several).type, made(several).takesList, made(several).maxItems], ["scalar", true, 4]);
});

test("pictures are told by their format, alone or in a list", () => {
  const picture = { type: "string", format: "image-reference" };

  assert.equal(made({ anyOf: [picture, { type: "null" }] }).type, "image");
  assert.equal(made({ anyOf: [picture, { type: "array", items: picture }] }).type, "images");
});

test("what has no control of its own is written as JSON", () => {
  const deep = { type: "array", items: { type: "array", items: { type: "number" } } };

  assert.equal(made(deep).type, "json");
  assert.equal(made({ anyOf: [{ type: "object", additionalProperties: true }] }).type, "json");
});

test("a form begins with pictures and words and ends with the seed", () => {
  for (const kind of KINDS.values()) {
    const types = inOrder(kind.fields).map(({ type }) => type);
    const last = types.findLastIndex((type) => type === "image" || type === "images");

    assert.equal(types.at(-1), "seed", kind.name);
    assert.equal(types.at(-2), "model", kind.name);
    assert.ok(types.slice(0, last + 1).every((type) => type.startsWith("image")), kind.name);
  }
  assert.equal(inOrder(KINDS.get("text").fields)[0].name, "prompt");
});
