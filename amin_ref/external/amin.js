// Amin in JavaScript, a scheduler for amin-ref drive:
//
//     amin-ref drive -- node amin.js
//
// "amin-ref drive --protocol" prints the protocol: one line of JSON in, one line of JSON out. The
// numbered steps are those of Amin; each round recomputes them from scratch.
"use strict";

let capacity = 0;
let blockSize = 1;
let waiting = []; // requests, each with its working lower bound
let running = []; // the same, each with the tokens that it has generated

const occupied = (tokens) => Math.ceil(tokens / blockSize) * blockSize;

// Amin's order: by working lower bound, ties by position in the instance.
const precedence = (a, b) => a.bound - b.bound || a.position - b.position;

// Tokens that a request is assumed to generate from now on.
const left = (request) => Math.max(1, request.bound - request.generated);

// Tokens that the requests occupy `ahead` rounds from now, each until its assumed stop.
function heldAhead(requests, ahead) {
  let held = 0;
  for (const request of requests) {
    if (left(request) > ahead) held += occupied(request.prompt + request.generated + ahead + 1);
  }
  return held;
}

const overflows = (requests) =>
  requests.reduce((sum, r) => sum + occupied(r.prompt + r.generated + 1), 0) > capacity;

function fit(requests) {
  const rounds = Math.max(...requests.map(left));
  for (let ahead = 0; ahead < rounds; ahead++) {
    if (heldAhead(requests, ahead) > capacity) return false;
  }
  return true;
}

function decide(arrived, completed) {
  const done = new Set(completed);
  running = running.filter((request) => !done.has(request.id));

  // 1. Arrive.
  for (const { id, prompt_len, lower, position } of arrived) {
    waiting.push({ id, position, prompt: prompt_len, bound: lower, generated: 0 });
  }
  // 2. Refine.
  for (const request of running) request.bound = Math.max(request.bound, request.generated);

  // 3. Evict.
  running.sort(precedence);
  const evicted = [];
  while (overflows(running)) evicted.push(running.shift());

  // 4. Admit, in order, up to the first that does not fit; not those evicted in this round.
  waiting.sort(precedence);
  const admitted = [];
  while (waiting.length > 0) {
    const next = { ...waiting[0], generated: 0 };
    if (!fit([...running, next])) break;
    waiting.shift();
    running.push(next);
    admitted.push(next);
  }
  waiting.push(...evicted);

  // 5. Generate.
  for (const request of running) request.generated += 1;
  return { evict: evicted.map((r) => r.id), admit: admitted.map((r) => r.id) };
}

function answer(message) {
  if ("hello" in message) return { hello: 1 };
  if ("begin" in message) {
    ({ capacity, block_size: blockSize } = message);
    waiting = [];
    running = [];
    return { begin: message.begin };
  }
  return { round: message.round, ...decide(message.arrived, message.completed) };
}

const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const message = JSON.parse(line);
  if ("end" in message) {
    lines.close();
    return;
  }
  process.stdout.write(JSON.stringify(answer(message)) + "\n");
});
