/**
 * A client of the service in one file, for Node 18 or newer and for browsers; it needs nothing else.
 *
 *     node examples/client.ts text '{"prompt":"night ","seed":1}'
 *
 * That is for Node from 22.18 on, which reads TypeScript as it is; before, compile it: `tsc --target
 * es2022 --module nodenext examples/client.ts`. Every request is sent again until it is
 * answered, without anything being made twice.
 */

export interface Output {
  url: string;
  media_type: string;
  bytes: number;
  sha256: string;
}

export interface Job {
  id: string;
  kind: string;
  status: string;
  request: Record<string, unknown>;
  progress: { step: number; total: number; fraction: number };
  finished_at: string | null;
  outputs: Output[];
  result: Record<string, unknown> | null;
  error: { code: string; detail: string; retryable: boolean } | null;
  urls: { self: string; events: string; cancel: string };
}

export interface Event {
  name: string;
  data: any;
}

/** The service refused a request (RFC 9457); `code` is stable. */
export class ProblemError extends Error {
  status: number;
  code: string;

  constructor(status: number, problem: { code?: string; detail?: string }) {
    super(`${status} ${problem.code ?? ""}: ${problem.detail ?? ""}`);
    this.status = status;
    this.code = problem.code ?? "";
  }
}

const PATIENCE_MS = 120_000;
const BUSY = [429, 502, 503, 504];

export class Service {
  #url: string;
  #headers: Record<string, string>;

  constructor(url: string, key = "") {
    this.#url = url.replace(/\/$/, "");
    this.#headers = key ? { authorization: `Bearer ${key}` } : {};
  }

  /** Submits once, however often it has to be sent; `options` are `tag`, `priority`, … */
  async submit(kind: string, request: object, options: Record<string, string> = {}): Promise<Job> {
    const query = Object.keys(options).length ? `?${new URLSearchParams(options)}` : "";
    const answer = await this.#ask(`/v1/${kind}${query}`, {
      method: "POST",
      body: JSON.stringify(request),
      headers: { "content-type": "application/json", "idempotency-key": newKey() },
    });
    return answer.json();
  }

  /** The job when it has succeeded; throws if it ended otherwise. */
  async wait(job: Job): Promise<Job> {
    while (job.finished_at === null) {
      job = await (await this.#ask(job.urls.self, { headers: { prefer: "wait=30" } })).json();
    }
    if (job.status !== "succeeded") {
      throw new Error(`${job.id} ${job.status}: ${job.error?.detail ?? ""}`);
    }
    return job;
  }

  /** A job's events as they come, to the last; a lost connection is taken up again. */
  async *follow(job: Job): AsyncGenerator<Event> {
    let last = "";
    for (;;) {
      const headers: Record<string, string> = last ? { "last-event-id": last } : {};
      const answer = await this.#ask(job.urls.events, { headers });
      if (answer.status === 204 || !answer.body) return;
      try {
        for await (const [event, id] of events(answer.body)) {
          last = id || last;
          yield event;
          if (event.name === "done") return;
        }
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // a connection that broke is one
      }
      await pause(1000);
    }
  }

  /** One of a job's files. */
  async fetch(job: Job, number = 0): Promise<Uint8Array> {
    const answer = await this.#ask(job.outputs[number].url, {});
    return new Uint8Array(await answer.arrayBuffer());
  }

  async cancel(job: Job): Promise<Job> {
    return (await this.#ask(job.urls.cancel, { method: "POST" })).json();
  }

  /** The answer to a request, which is sent again while there is nobody or no room. */
  async #ask(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...this.#headers, ...(init.headers as Record<string, string>) };
    const giveUp = Date.now() + PATIENCE_MS;
    for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
      let said = 0;
      try {
        const answer = await fetch(this.#url + path, { ...init, headers });
        if (answer.ok) return answer;
        if (!BUSY.includes(answer.status) || Date.now() > giveUp) {
          throw new ProblemError(answer.status, await answer.json().catch(() => ({})));
        }
        said = Number(answer.headers.get("retry-after") ?? 0) * 1000;
        await answer.body?.cancel();
      } catch (error) {
        if (!(error instanceof TypeError) || Date.now() > giveUp) throw error;
      }
      await pause((said || wait) * (1 + Math.random() / 4)); // not at once with everybody else
    }
  }
}

/** The events of a stream with their ids; comments are signs of life. */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<[Event, string]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) {
      const facts = new Map(
        frame.split("\n").map((line): [string, string] => {
          const at = line.indexOf(": ");
          return [line.slice(0, at), line.slice(at + 2)];
        }),
      );
      const data = facts.get("data");
      if (data === undefined) continue;
      yield [{ name: facts.get("event") ?? "", data: JSON.parse(data) }, facts.get("id") ?? ""];
    }
  }
}

const newKey = (): string =>
  [1, 2, 3].map(() => Math.random().toString(36).slice(2)).join("");

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function main(kind: string, request = "{}"): Promise<void> {
  const url = process.env.GENART_URL ?? "http://127.0.0.1:8000";
  const service = new Service(url, process.env.GENART_KEY);
  let job = await service.submit(kind, JSON.parse(request));
  for await (const event of service.follow(job)) {
    if (event.name === "progress") console.log(`${event.data.step} of ${event.data.total}`);
  }
  job = await service.wait(job);
  for (const [number, output] of job.outputs.entries()) {
    const data = await service.fetch(job, number);
    const isText = output.media_type.startsWith("text/");
    console.log(isText ? new TextDecoder().decode(data) : `${output.media_type}, ${data.length} bytes`);
  }
}

if (typeof process !== "undefined" && /client\.[tj]s$/.test(process.argv[1] ?? "")) {
  const [kind, request] = process.argv.slice(2);
  main(kind, request).catch((error) => {
    console.error(String(error));
    process.exitCode = 1;
  });
}
