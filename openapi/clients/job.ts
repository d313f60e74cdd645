// Makes a text and a dream through the generated types: `node job.js URL KEY PICTURE`.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import process from "node:process";

import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./schema.js";

type Job = components["schemas"]["JobView"];
type Genart = Client<paths>;

const PATIENCE_MS = 60_000;

async function main(url: string, key: string, picture: string): Promise<void> {
  const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });
  await writeText(client);
  await dreamOnFile(client, picture);
  await editStoredPicture(client, picture);
  await beRefused(client);
}

/** Submit JSON, wait for it, fetch it. */
async function writeText(client: Genart): Promise<void> {
  const { data, error, response } = await client.POST("/v1/text", {
    body: { prompt: "what is noble? ", length: 60, seed: 2 },
    params: { query: { priority: "high", tag: ["client"] } },
  });
  assert(data, error?.detail);
  assert.equal(response.headers.get("location"), data.urls.self);
  const job = await ended(client, data);
  const text = new TextDecoder().decode(await fetched(client, job));
  assert.equal(text.length, 60);
  console.log(`text   ${job.id} ${job.status}: ${JSON.stringify(text)}`);
}

/** Submit a form with a file, wait for it, fetch it. */
async function dreamOnFile(client: Genart, picture: string): Promise<void> {
  const form = new FormData();
  form.set("image", new Blob([await readFile(picture)], { type: "image/png" }), "picture.png");
  form.set("size", "96");
  form.set("octaves", "1");
  form.set("iterations", "2");
  const { data, error } = await client.POST("/v1/dream", {
    // the type is that of JSON; the form replaces it
    body: {},
    bodySerializer: () => form,
    params: { header: { Prefer: "wait=5" } },
  });
  assert(data, error?.detail);
  const job = await ended(client, data);
  const dream = await fetched(client, job);
  assert.equal(Buffer.from(dream).subarray(1, 4).toString(), "PNG");
  assert.equal(job.outputs[0]?.width, 96);
  console.log(`dream  ${job.id} ${job.status}: ${dream.byteLength} bytes of PNG`);
}

/** Store a picture, name it in JSON. */
async function editStoredPicture(client: Genart, picture: string): Promise<void> {
  const form = new FormData();
  form.set("file", new Blob([await readFile(picture)], { type: "image/png" }), "picture.png");
  const { data: asset, error } = await client.POST("/v1/assets", {
    body: { file: "" },
    bodySerializer: () => form,
  });
  assert(asset, error?.detail);
  const { data: sent } = await client.POST("/v1/vae-edit", {
    body: { image: asset.reference, concepts: { smile: 1 } },
  });
  assert(sent);
  const job = await ended(client, sent);
  console.log(`edit   ${job.id} ${job.status}`);
}

/** Ask for what there isn't; the answer is a problem with a code. */
async function beRefused(client: Genart): Promise<void> {
  const { error, response } = await client.POST("/v1/text", { body: { model: "none" } });
  assert(error);
  assert.deepEqual([response.status, error.code], [422, "unknown_model"]);
  console.log(`refuse ${error.code}: ${error.detail}`);
}

async function ended(client: Genart, job: Job): Promise<Job> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!["succeeded", "failed", "canceled", "expired"].includes(job.status)) {
    assert(Date.now() < deadline, job.status);
    const { data, error } = await client.GET("/v1/jobs/{job_id}", {
      params: { path: { job_id: job.id }, header: { Prefer: "wait=10" } },
    });
    assert(data, error?.detail);
    job = data;
  }
  assert.equal(job.status, "succeeded", JSON.stringify(job.error));
  return job;
}

async function fetched(client: Genart, job: Job): Promise<ArrayBuffer> {
  const { data, error } = await client.GET("/v1/jobs/{job_id}/outputs/{number}", {
    params: { path: { job_id: job.id, number: 0 } },
    parseAs: "arrayBuffer",
  });
  assert(data, error?.detail);
  return data;
}

const [url, key, picture] = process.argv.slice(2);
assert(url && key && picture, "usage: node job.js URL KEY PICTURE");
await main(url, key, picture);
