// test_match.mjs - placeholders are held by their shape, everything else to the letter.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compareAnswer } from './levels.mjs';
import { differences } from './match.mjs';
import { plain, recordedAccount } from './plain.mjs';

function same(recorded, actual, bindings = new Map()) {
  return differences(recorded, actual, bindings).length === 0;
}

test('dates are any time, and nothing but a time', () => {
  assert.ok(same({ startDate: 'datetime' }, { startDate: '2026-01-02T03:04:05.678Z' }));
  assert.ok(!same({ startDate: 'datetime' }, { startDate: 'soon' }));
  assert.ok(!same({ timestamp: 'timestamp' }, { timestamp: null }));
  assert.ok(!same({ note: 'date' }, { note: 'elsewhere' }));
});

test('a numbered placeholder is one value in the whole scenario', () => {
  const bindings = new Map();
  const arn = 'arn:<partition>:states:<region>:111111111111:stateMachine:<ArnPart_0idx>';
  assert.ok(same(arn, 'arn:aws:states:us-east-1:111111111111:stateMachine:one', bindings));
  assert.ok(same('<ArnPart_0idx>', 'one', bindings));
  assert.ok(!same('<ArnPart_0idx>', 'two', bindings));
  assert.ok(!same('<uuid:1>', 'no uuid'));
});

test('words of ARNs and names inside a text', () => {
  const cause = 'The activity activity_arn does not exist.';
  assert.ok(same(cause, 'The activity arn:aws:states:us-east-1:111111111111:activity:a does not exist.'));
  assert.ok(!same(cause, 'The activity of yesterday does not exist.'));
  assert.ok(same('no_such_arn', 'no_such_arn'));
});

test('missing and additional members are differences', () => {
  assert.deepEqual(
    differences({ a: 1, b: 2 }, { a: 1, c: 3 }, new Map()).map(({ path }) => path),
    [['b'], ['c']],
  );
  assert.ok(!same([1, 2], [1]));
  assert.ok(!same({ a: '1' }, { a: 1 }));
});

test('JSON in strings is opened, dates are ISO texts, undefined goes', () => {
  const value = { a: '{"b":["{\\"c\\":1}"]}', d: new Date(0), e: undefined, f: '1', $metadata: {} };
  assert.deepEqual(plain(value), { a: { b: [{ c: 1 }] }, d: '1970-01-01T00:00:00.000Z', f: '1' });
});

test("the server's account becomes the recorder's, in ARNs only", () => {
  const text = 'arn:aws:states:us-east-1:000000000000:activity:a 000000000000';
  assert.equal(recordedAccount(text, '000000000000'), 'arn:aws:states:us-east-1:111111111111:activity:a 000000000000');
});

test('levels: outcome, members, everything', () => {
  const recorded = { output: { a: 1 }, status: 'SUCCEEDED', cause: 'x', ResponseMetadata: { HTTPStatusCode: 200 } };
  const levels = (change) => compareAnswer(recorded, { ...recorded, ...change }, new Map()).levels;
  assert.deepEqual(levels({}), [true, true, true]);
  assert.deepEqual(levels({ cause: 'y' }), [true, true, false]);
  assert.deepEqual(levels({ more: 1 }), [true, false, false]);
  assert.deepEqual(levels({ status: 'FAILED' }), [false, false, false]);
});

test('levels of a history: the last event, the types, every event', () => {
  const event = (id, type, more) => ({ id, previousEventId: id - 1, type, ...more });
  const end = { executionSucceededEventDetails: { output: { a: 1 } } };
  const recorded = { events: [event(1, 'ExecutionStarted'), event(2, 'ExecutionSucceeded', end)] };
  const levels = (...events) => compareAnswer(recorded, { events }, new Map()).levels;
  const [start, last] = recorded.events;
  assert.deepEqual(levels(start, last), [true, true, true]);
  assert.deepEqual(levels({ ...start, previousEventId: 7 }, last), [true, true, false]);
  assert.deepEqual(levels(last), [true, false, false]);
  assert.deepEqual(levels(start), [false, false, false]);
});

test("what the recorder's client refused is a refusal of any kind", () => {
  const recorded = 'Parameter validation failed:\nInvalid length';
  assert.ok(compareAnswer(recorded, { Error: { Code: 'ValidationException' } }, new Map()).levels[2]);
  assert.ok(compareAnswer(recorded, 'An error occurred (ValidationException) when calling', new Map()).levels[2]);
  assert.ok(!compareAnswer(recorded, { ok: true }, new Map()).levels[0]);
});
