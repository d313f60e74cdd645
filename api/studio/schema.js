/**
 * The kinds and their fields, read from the service's OpenAPI document. Pure: no page, no network.
 *
 * @typedef {"seed"|"model"|"image"|"images"|"number"|"choice"|"boolean"|"text"|"scalar"|"texts"
 *   |"numbers"|"weights"|"json"|"fixed"} FieldType
 *
 * @typedef {object} Field One member of a request.
 * @property {string} name As the service spells it.
 * @property {FieldType} type What control it gets.
 * @property {string} title
 * @property {string} description
 * @property {boolean} required
 * @property {any} fallback Its default; null where leaving it out is a choice of its own.
 * @property {boolean} integer
 * @property {number|undefined} min
 * @property {number|undefined} max
 * @property {boolean} openMin Whether `min` itself is not allowed.
 * @property {string[]} choices
 * @property {number|undefined} maxLength
 * @property {boolean} takesList Whether several of it can be said at once.
 * @property {number|undefined} maxItems
 * @property {any} example
 * @property {string} unit
 * @property {boolean} advanced
 * @property {Record<string, Record<string, any>>} presets Values of other fields, by choice.
 * @property {Rule[]} defaults When another default holds; the first that does counts.
 *
 * @typedef {{enum?: any[], minimum?: number, said?: true}} Test
 * @typedef {{when: Record<string, Test>, value: any}} Rule
 *
 * @typedef {object} Kind
 * @property {string} name
 * @property {string} path
 * @property {string} summary
 * @property {boolean} takesFiles
 * @property {Field[]} fields In the order of the document.
 *
 * @typedef {Record<string, any>} Schema
 */

/**
 * Returns every kind of art that the document offers.
 *
 * @param {Schema} document
 * @returns {Kind[]}
 */
export function kindsOf(document) {
  return Object.entries(document.paths)
    .filter(([, path]) => path.post?.operationId?.startsWith("make_"))
    .map(([path, { post }]) => {
      const content = post.requestBody.content;
      const schema = resolved(content["application/json"].schema, document);
      const required = new Set(schema.required ?? []);
      return {
        name: path.slice(path.lastIndexOf("/") + 1),
        path,
        summary: post.summary ?? "",
        takesFiles: "multipart/form-data" in content,
        fields: Object.entries(schema.properties).map(([name, property]) =>
          fieldOf(name, property, required.has(name), document),
        ),
      };
    });
}

/**
 * Returns one member of a request.
 *
 * @param {string} name
 * @param {Schema} property
 * @param {boolean} required
 * @param {Schema} document
 * @returns {Field}
 */
export function fieldOf(name, property, required, document) {
  const outer = resolved(property, document);
  const forms = variantsOf(outer, document).filter((form) => form.type !== "null");
  const type = typeOf(name, forms, document);
  const bounded = forms.find((form) => form.type === "integer" || form.type === "number") ?? {};
  const list = forms.find((form) => form.type === "array");
  const words = forms.find((form) => form.type === "string");
  const choices = forms.flatMap((form) => form.enum ?? ("const" in form ? [form.const] : []));
  return {
    name,
    type,
    title: outer.title ?? name,
    description: outer.description ?? "",
    required,
    fallback: outer.default ?? null,
    integer: bounded.type === "integer",
    min: bounded.minimum ?? bounded.exclusiveMinimum,
    max: bounded.maximum ?? bounded.exclusiveMaximum,
    openMin: bounded.minimum === undefined && bounded.exclusiveMinimum !== undefined,
    choices: choices.map(String),
    maxLength: words?.maxLength,
    takesList: list !== undefined,
    maxItems: outer.maxItems ?? list?.maxItems,
    example: outer.examples?.[0],
    unit: outer["x-unit"] ?? "",
    advanced: outer["x-advanced"] ?? false,
    presets: outer["x-presets"] ?? {},
    defaults: outer["x-defaults"] ?? [],
    ...(type === "weights" ? weightBounds(forms) : {}),
  };
}

/**
 * Returns what holds while nothing is said of a field, beside these values of the others.
 *
 * @param {Pick<Field, "fallback"|"defaults">} field
 * @param {Record<string, any>} values
 */
export function defaultOf({ fallback, defaults }, values) {
  const rule = defaults.find(({ when }) =>
    Object.entries(when).every(([name, { enum: words, minimum }]) => {
      const value = values[name] ?? null;
      if (words) return words.includes(value);
      return value !== null && (minimum === undefined || value >= minimum);
    }),
  );
  return rule ? rule.value : fallback;
}

/**
 * Returns fields as a form shows them: pictures and words first, then presets, the rest, and where
 * the random numbers start.
 *
 * @param {Field[]} fields
 */
export function inOrder(fields) {
  const rank = (/** @type {Field} */ { type, name, maxLength = 0 }) => {
    if (type === "image" || type === "images") return 0;
    if (type === "text" && maxLength > 500) return 1;
    if (name === "preset") return 2;
    if (type === "model") return 4;
    if (type === "seed") return 5;
    return 3;
  };
  return [...fields].sort((a, b) => rank(a) - rank(b));
}

/**
 * @param {string} name
 * @param {Schema[]} forms
 * @param {Schema} document
 * @returns {FieldType}
 */
function typeOf(name, forms, document) {
  const types = new Set(forms.map((form) => form.type));
  const only = (/** @type {string[]} */ ...allowed) => [...types].every((t) => allowed.includes(t));
  const items = forms
    .filter((form) => form.type === "array")
    .flatMap((form) => variantsOf(form.items ?? {}, document));
  if (name === "seed") return "seed";
  if (items.some(isPicture)) return "images";
  if (forms.some(isPicture)) return "image";
  if (forms.every((form) => form.enum || "const" in form)) {
    const count = forms.flatMap((form) => form.enum ?? [form.const]).length;
    return count > 1 ? "choice" : "fixed";
  }
  if (forms.some((form) => form.enum || "const" in form)) return only(...SCALARS) ? "scalar" : "json";
  if (name === "model") return "model";
  if (only("boolean")) return "boolean";
  if (only("integer", "number")) return "number";
  if (only("string")) return "text";
  if (only(...SCALARS)) return "scalar";
  if (types.has("object") && only("object", "array") && forms.every(isWeights)) return "weights";
  if (only("array", "string") && items.every((item) => item.type === "string")) return "texts";
  if (only("array") && items.every((item) => NUMBERS.includes(item.type))) return "numbers";
  const isFlat = items.every((item) => SCALARS.includes(item.type));
  if (only("array", ...SCALARS) && types.size > 1 && isFlat) return "scalar";
  return "json";
}

const NUMBERS = ["integer", "number"];
const SCALARS = [...NUMBERS, "string", "boolean"];

/** @param {Schema} form */
function isPicture(form) {
  return form.format === "image-reference";
}

/**
 * Whether a form is {name: number}, or the list of names that stands for weights of 1.
 *
 * @param {Schema} form
 */
function isWeights(form) {
  if (form.type === "array") return form.items?.type === "string";
  return NUMBERS.includes(form.additionalProperties?.type);
}

/** @param {Schema[]} forms */
function weightBounds(forms) {
  const { additionalProperties: weight } = forms.find((form) => form.type === "object") ?? {};
  return {
    min: weight.minimum ?? weight.exclusiveMinimum,
    max: weight.maximum ?? weight.exclusiveMaximum,
    openMin: weight.minimum === undefined && weight.exclusiveMinimum !== undefined,
  };
}

/**
 * Returns the schemas of which one holds, references followed.
 *
 * @param {Schema} schema
 * @param {Schema} document
 * @returns {Schema[]}
 */
function variantsOf(schema, document) {
  const whole = resolved(schema, document);
  const parts = whole.anyOf ?? whole.oneOf ?? whole.allOf;
  return parts
    ? parts.flatMap((/** @type {Schema} */ part) => variantsOf(part, document))
    : [whole];
}

/**
 * Follows a reference within the document; what stands beside it is kept.
 *
 * @param {Schema} schema
 * @param {Schema} document
 * @returns {Schema}
 */
function resolved(schema, document) {
  if (!schema.$ref) return schema;
  const { $ref, ...beside } = schema;
  const found = $ref
    .slice(2)
    .split("/")
    .reduce((/** @type {Schema} */ part, /** @type {string} */ key) => part[key], document);
  return { ...resolved(found, document), ...beside };
}
