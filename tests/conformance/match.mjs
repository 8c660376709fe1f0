// match.mjs - holds a real value against a recorded one; what changes from run to run is held by its shape.
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;
const HTTP_DATE = /^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/;
/* Data of a scenario that speaks of time may hold what is no time at all; the API's own dates may not. */
const TIME_KEY = /time|date|_at$|At$/i;
const API_DATE = /^(timestamp|(creation|start|stop|update|redrive)Date)$/;
const GENERATED_KEY = /(id|arn|date|time)$/i;
/* The recorder's stub makes them without dashes. */
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}';
/* Of a text: <placeholder>, an ARN's word (activity_arn, snf_role_arn_t0) and a name's (activity_name_0). */
const PARTS = /<[^<>]+>|\b[a-z]+(?:_[a-z]+)*_(?:arn|name)(?:_\w+)?\b/g;
const MAX_DIFFERENCES = 20;

function kebab(key) {
  return key.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function isTimestamp(value) {
  if (typeof value === 'number') return value > 1e9;
  return typeof value === 'string' && (TIMESTAMP.test(value) || HTTP_DATE.test(value));
}

/** A placeholder with a number stands for the same value wherever it occurs in one scenario. */
function isBound(placeholder) {
  return /(:\d+|\didx)>$/.test(placeholder);
}

/** The shape of one part of a text, as the source of a regular expression. */
function shapeOf(part) {
  if (/^<uuid:\d+>$/.test(part)) return UUID;
  if (part === '<partition>') return 'aws[a-z-]*';
  if (part === '<region>') return '[a-z]{2}-[a-z]+-\\d';
  if (/^<.*(ArnPart|Arn_Part)/.test(part)) return '[^:/\\s]+?';
  if (part.startsWith('<')) return '[\\s\\S]+?';
  return /_arn(_\w+)?$/.test(part) ? 'arn:[^\\s\'"]*[^\\s\'".]' : '[^:/\\s\'"]+?';
}

/** Matches a text with placeholders in it; binds those that have a number. */
function matchParts(recorded, actual, bindings) {
  const parts = [];
  let source = '';
  let end = 0;
  for (const found of recorded.matchAll(PARTS)) {
    source += `${escape(recorded.slice(end, found.index))}(${shapeOf(found[0])})`;
    parts.push(found[0]);
    end = found.index + found[0].length;
  }
  if (parts.length === 0) return false;
  const match = new RegExp(`^${source}${escape(recorded.slice(end))}$`).exec(actual);
  if (!match) return false;
  const news = new Map();
  for (const [index, part] of parts.entries()) {
    if (!isBound(part)) continue;
    const value = match[index + 1];
    if ((bindings.get(part) ?? news.get(part) ?? value) !== value) return false;
    news.set(part, value);
  }
  news.forEach((value, part) => bindings.set(part, value));
  return true;
}

/** The words that stand for a whole value: "timestamp", "datetime", or the key in another spelling. */
function matchWord(recorded, actual, key) {
  if (/^(timestamp|datetime|date|[a-z]+-(date|time))$/.test(recorded)) {
    if (isTimestamp(actual)) return true;
    return TIME_KEY.test(key) && !API_DATE.test(key) && actual !== null;
  }
  if (recorded === 'RandomNumberGenerated') return typeof actual === 'number';
  if (GENERATED_KEY.test(key) && [key, kebab(key)].includes(recorded)) return actual !== null;
  return key === 'Content-Length' && /^\d+$/.test(recorded) && /^\d+$/.test(actual);
}

function matchString(recorded, actual, key, bindings) {
  if (recorded === actual || matchWord(recorded, actual, key)) return true;
  if (/^<[^<>]+>$/.test(recorded) && !isBound(recorded)) return actual !== null;
  return typeof actual === 'string' && matchParts(recorded, actual, bindings);
}

function compareMembers(recorded, actual, path, state) {
  for (const key of Object.keys(recorded)) {
    if (key in actual) compare(recorded[key], actual[key], [...path, key], state);
    else state.found.push({ path: [...path, key], recorded: recorded[key], actual: undefined });
  }
  for (const key of Object.keys(actual)) {
    if (!(key in recorded)) state.found.push({ path: [...path, key], recorded: undefined, actual: actual[key] });
  }
}

function compareItems(recorded, actual, path, state) {
  const both = Math.min(recorded.length, actual.length);
  for (let index = 0; index < both; index++) {
    compare(recorded[index], actual[index], [...path, index], state);
  }
  if (recorded.length !== actual.length) {
    state.found.push({ path: [...path, both], recorded: recorded[both], actual: actual[both] });
  }
}

/** The last key of a path that is a name: what an item of an array is called. */
function keyOf(path) {
  return String([...path].reverse().find((part) => typeof part === 'string') ?? '');
}

function compare(recorded, actual, path, state) {
  if (state.found.length >= MAX_DIFFERENCES) return;
  if (typeof recorded === 'string') {
    if (matchString(recorded, actual, keyOf(path), state.bindings)) return;
  } else if (Array.isArray(recorded) && Array.isArray(actual)) {
    compareItems(recorded, actual, path, state);
    return;
  } else if (isObject(recorded) && isObject(actual)) {
    compareMembers(recorded, actual, path, state);
    return;
  } else if (recorded === actual) {
    return;
  }
  state.found.push({ path, recorded, actual });
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** What differs, as [{path, recorded, actual}]; `bindings` is a Map that lives as long as a scenario. */
export function differences(recorded, actual, bindings, path = []) {
  const state = { found: [], bindings };
  compare(recorded, actual, path, state);
  return state.found;
}
