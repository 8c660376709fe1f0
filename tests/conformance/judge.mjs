// judge.mjs - runs one scenario and judges it: the levels it passes and the first thing that differs on each.
import { setMaxListeners } from 'node:events';

import { compareAnswer } from './levels.mjs';
import { Drive } from './drive.mjs';

const TIMEOUT_MS = 60000;
const NOTHING = [false, false, false];

function withPair({ key, recorded, actual }, bindings) {
  const { levels, first } = compareAnswer(recorded, actual, bindings);
  return { key, recorded, actual, levels, first };
}

function verdict(scenario, pairs, skipped, started) {
  const levels = [0, 1, 2].map((level) => pairs.every((pair) => pair.levels[level]));
  const { id, class: name, jsonata } = scenario;
  return { id, class: name, jsonata, ms: Date.now() - started, levels, pairs, skipped, driven: pairs.length > 0 };
}

/** `call` is the client's, `account` the one in the server's ARNs. Never throws: what breaks is a failed scenario. */
export async function judge(scenario, call, account) {
  const started = Date.now();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  const drive = new Drive(scenario, call, account, stop.signal);
  let broken = null;
  try {
    await drive.run();
  } catch (error) {
    broken = stop.signal.aborted ? `no end within ${TIMEOUT_MS / 1000} s` : String(error);
  } finally {
    clearTimeout(timer);
    stop.abort();
    await Promise.all(drive.workers);
  }
  const bindings = new Map();
  const pairs = drive.pairs.map((pair) => withPair(pair, bindings));
  if (broken) pairs.push({ key: '(calls)', levels: NOTHING, first: broken3(broken) });
  return verdict(scenario, pairs, drive.skipped, started);
}

function broken3(text) {
  const difference = { path: [], recorded: 'an answer', actual: text };
  return [difference, difference, difference];
}

/** Judges all, `width` at a time; `told` is called with each result as it comes. */
export async function judgeAll(scenarios, call, account, { width, told }) {
  const results = new Array(scenarios.length);
  let next = 0;
  const lane = async () => {
    while (next < scenarios.length) {
      const index = next++;
      results[index] = await judge(scenarios[index], call, account);
      told?.(results[index]);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
