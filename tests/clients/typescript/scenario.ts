// What a user does, by the client that openapi-typescript and openapi-fetch make: `node scenario.js http://127.0.0.1:8000`.
// It knows nothing of the service but its document. Each step prints its name.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import createClient from "openapi-fetch";

import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];
type Answer<T> = { data?: T; error?: Schemas["Problem"]; response: Response };

const ACCOUNT = { email: "typescript@example.com", password: "Lovelace1815", full_name: "Ada" };
const TEXTS = Array.from({ length: 25 }, (_, number) => `The room number ${number} was lovely.`);
const SECONDS = 60;

const baseUrl = process.argv[2];
assert(baseUrl);
const client = createClient<paths>({ baseUrl });
let batch = 0;

/** The answer, if it is not an error. */
function given<T>({ data, error }: Answer<T>): T {
  assert(data !== undefined, JSON.stringify(error));
  return data;
}

function refused<T>({ error }: Answer<T>, status: number, code: string): Schemas["Problem"] {
  assert(error, `${status} was expected`);
  assert.deepEqual([error.status, error.error_code], [status, code]);
  return error;
}

/** A list in its form of parts, with whole items: what was asked for by `cursor` and without `fields`. */
function part<T extends object>(list: T): Extract<T, { next_cursor: unknown }> {
  assert("next_cursor" in list);
  return list as Extract<T, { next_cursor: unknown }>;
}

function whole(item: Schemas["AnalysisRead"] | Schemas["AnalysisReadSparse"]): Schemas["AnalysisRead"] {
  assert(item.id !== undefined);
  return item as Schemas["AnalysisRead"];
}

async function register(): Promise<void> {
  const user = given(await client.POST("/api/v1/auth/register", { body: ACCOUNT }));
  assert("email" in user);
  assert.equal(user.email, ACCOUNT.email);
}

async function register_again(): Promise<void> {
  refused(await client.POST("/api/v1/auth/register", { body: ACCOUNT }), 409, "ALREADY_EXISTS");
}

async function log_in(): Promise<void> {
  const token = given(
    await client.POST("/api/v1/auth/login", {
      body: { username: ACCOUNT.email, password: ACCOUNT.password },
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    }),
  );
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${token.access_token}`);
      return request;
    },
  });
  assert.equal(given(await client.GET("/api/v1/users/me")).full_name, ACCOUNT.full_name);
}

async function create_analyses(): Promise<void> {
  for (const text_content of TEXTS) {
    const body = { text_content, analysis_type: "sentiment" } as const;
    const made = given(await client.POST("/api/v1/analyses", { body }));
    assert.equal(made.result?.label, "positive");
  }
}

async function list_to_the_end(): Promise<void> {
  const found: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: { cursor: string; size: number; sort_order: "asc" } = { cursor, size: 10, sort_order: "asc" };
    const list = part(given(await client.GET("/api/v1/analyses", { params: { query } })));
    found.push(...list.items.map((item) => whole(item).text_content));
    cursor = list.next_cursor;
  }
  assert.deepEqual(found, TEXTS);
}

async function submit_a_batch(): Promise<void> {
  const body = { texts: TEXTS, analysis_type: "sentiment" } as const;
  const header = { "Idempotency-Key": "the-first-batch" };
  const first = given(await client.POST("/api/v1/batches", { body, params: { header } }));
  const again = given(await client.POST("/api/v1/batches", { body, params: { header } }));
  assert.equal(first.id, again.id);
  batch = first.id;
}

async function submit_another_by_the_same_key(): Promise<void> {
  const body = { texts: ["Another text."], analysis_type: "sentiment" as const };
  const header = { "Idempotency-Key": "the-first-batch" };
  refused(await client.POST("/api/v1/batches", { body, params: { header } }), 422, "IDEMPOTENCY_KEY_REUSED");
}

async function wait_for_it(): Promise<void> {
  const deadline = performance.now() + SECONDS * 1000;
  const path = { batch_id: batch };
  let found = given(await client.GET("/api/v1/batches/{batch_id}", { params: { path } }));
  while (found.progress < 100) {
    assert(performance.now() < deadline, JSON.stringify(found));
    await sleep(100);
    found = given(await client.GET("/api/v1/batches/{batch_id}", { params: { path } }));
  }
  assert.deepEqual([found.status, found.completed, found.failed], ["completed", TEXTS.length, 0]);
}

async function read_its_results(): Promise<void> {
  const params = { path: { batch_id: batch }, query: { cursor: "", size: 100 } };
  const list = part(given(await client.GET("/api/v1/batches/{batch_id}/analyses", { params })));
  const items = list.items.map(whole);
  assert.deepEqual(items.map((item) => item.text_content), TEXTS);
  assert(items.every((item) => (item.result?.score ?? 0) > 0));
}

async function be_refused(): Promise<void> {
  const body = { text_content: "", analysis_type: "sentiment" } as const;
  const problem = refused(await client.POST("/api/v1/analyses", { body }), 422, "VALIDATION_ERROR");
  assert.deepEqual(problem.errors.map((error) => error.pointer), ["/body/text_content"]);
  const params = { path: { analysis_id: 1e9 } };
  refused(await client.GET("/api/v1/analyses/{analysis_id}", { params }), 404, "ANALYSIS_NOT_FOUND");
}

async function log_out(): Promise<void> {
  const { response } = await client.POST("/api/v1/auth/logout");
  assert.equal(response.status, 204);
  refused(await client.GET("/api/v1/users/me"), 401, "UNAUTHENTICATED");
}

for (const step of [
  register,
  register_again,
  log_in,
  create_analyses,
  list_to_the_end,
  submit_a_batch,
  submit_another_by_the_same_key,
  wait_for_it,
  read_its_results,
  be_refused,
  log_out,
]) {
  await step();
  console.log(step.name);
}
