// levels.mjs - compares one recorded answer with a real one at the three levels.
import { align, detailsOf, isReversed } from './history.mjs';
import { differences } from './match.mjs';

/* Members of an answer that say how it went. */
const KEY_FIELDS = ['status', 'output', 'error', 'nextState', 'result', 'exception_typename'];
const CLIENT_SIDE = /^Parameter validation failed/;

function isHistory(recorded) {
  return Array.isArray(recorded?.events);
}

/** Level 1 of a history: the last event's type with the output or the error it carries. */
function outcomeOf(events) {
  const last = isReversed(events) ? events[0] : events.at(-1);
  if (!last) return null;
  const { output, error } = detailsOf(last);
  return { type: last.type, ...(output !== undefined && { output }), ...(error !== undefined && { error }) };
}

function typesOf(events) {
  return events.map((event) => event.type);
}

function codeOf(answer) {
  const text = typeof answer === 'string' ? answer : answer?.exception_value;
  return answer?.Error?.Code ?? /^An error occurred \((\w+)\)/.exec(text ?? '')?.[1];
}

/** Level 1 of any other answer: what it says of how it went, and how long its lists are. */
function keyFields(answer) {
  if (Array.isArray(answer)) return answer.map(({ output, status }) => ({ output, status }));
  if (typeof answer !== 'object' || answer === null) return { code: codeOf(answer) };
  const fields = { http: answer.ResponseMetadata?.HTTPStatusCode, code: codeOf(answer) };
  for (const key of KEY_FIELDS) fields[key] = answer[key];
  for (const [key, value] of Object.entries(answer)) if (Array.isArray(value)) fields[key] = value.length;
  return JSON.parse(JSON.stringify(fields));
}

/** Level 2 of any other answer: which members it has, two levels deep. */
function membersOf(answer) {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return keyFields(answer);
  const members = Object.entries(answer).map(([key, value]) => [key, inner(key, value)]);
  return Object.fromEntries(members);
}

function inner(key, value) {
  return key === 'inspectionData' ? Object.keys(value).sort() : true;
}

/** The status code is all that counts of ResponseMetadata. */
function withoutHeaders(answer) {
  const { ResponseMetadata: metadata, ...rest } = answer ?? {};
  if (!metadata || typeof answer !== 'object') return answer;
  return { ...rest, ResponseMetadata: { HTTPStatusCode: metadata.HTTPStatusCode } };
}

function viewsOfHistories(recorded, actual) {
  const events = Array.isArray(actual?.events) ? actual.events : [];
  const pair = align(recorded.events, events);
  return [
    [outcomeOf(recorded.events), outcomeOf(events)],
    [typesOf(pair.recorded), typesOf(pair.actual)],
    [
      { ...withoutHeaders(recorded), events: pair.recorded },
      { ...withoutHeaders(actual), events: pair.actual },
    ],
  ];
}

function viewsOfAnswers(recorded, actual) {
  const pair = [withoutHeaders(recorded), withoutHeaders(actual)];
  return [pair.map(keyFields), pair.map(membersOf), pair];
}

/**
 * Returns {levels: [bool, bool, bool], first: [difference or null, ...]}, one for each level. A level can be passed
 * only with those below it. What the recorder's own client refused never went out; any refusal stands for it.
 */
export function compareAnswer(recorded, actual, bindings) {
  if (typeof recorded === 'string' && CLIENT_SIDE.test(recorded)) {
    const refused = codeOf(actual) !== undefined;
    const difference = refused ? null : { path: [], recorded, actual };
    return { levels: [refused, refused, refused], first: [difference, difference, difference] };
  }
  const views = isHistory(recorded) ? viewsOfHistories(recorded, actual) : viewsOfAnswers(recorded, actual);
  const levels = [];
  const first = [];
  for (const [level, [one, other]] of views.entries()) {
    const found = differences(one, other, level === 2 ? bindings : new Map(bindings));
    first.push(found[0] ?? null);
    levels.push(found.length === 0 && (levels.at(-1) ?? true));
  }
  return { levels, first };
}
