// test_history.mjs - histories whose branches ran side by side come out in one order; others stay as they are.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { align, canonical } from './history.mjs';

/** "4<3 PassStateEntered A" -> an event; a number as name is an index. */
function event(line) {
  const [, id, previousEventId, type, name] = /^(\d+)<(\d+) (\w+) ?(\S*)$/.exec(line);
  const details = type.startsWith('MapIteration') ? { index: Number(name) } : name ? { name } : {};
  return { id: Number(id), previousEventId: Number(previousEventId), type, stateEnteredEventDetails: details };
}

function history(...lines) {
  return lines.map(event);
}

function types(events) {
  return events.map(({ type, stateEnteredEventDetails: { name, index } }) => `${type} ${name ?? index ?? ''}`.trim());
}

const START = ['1<0 ExecutionStarted', '2<0 ParallelStateEntered P', '3<2 ParallelStateStarted'];
const ONE = history(
  ...START,
  ...['4<3 PassStateEntered A', '5<4 PassStateExited A', '6<3 PassStateEntered B', '7<6 PassStateExited B'],
  ...['8<7 ParallelStateSucceeded', '9<7 ParallelStateExited P', '10<9 ExecutionSucceeded'],
);
const OTHER = history(
  ...START,
  ...['4<3 PassStateEntered B', '5<3 PassStateEntered A', '6<4 PassStateExited B', '7<5 PassStateExited A'],
  ...['8<7 ParallelStateSucceeded', '9<7 ParallelStateExited P', '10<9 ExecutionSucceeded'],
);

test('two runs of a Parallel state are one history', () => {
  assert.deepEqual(canonical(ONE), canonical(OTHER));
});

test('what hangs from the wrong event is seen', () => {
  const wrong = OTHER.map((one) => (one.id === 7 ? { ...one, previousEventId: 4 } : one));
  assert.notDeepEqual(canonical(ONE), canonical(wrong));
  const late = OTHER.map((one) => (one.id === 10 ? { ...one, previousEventId: 8 } : one));
  assert.notDeepEqual(canonical(ONE), canonical(late));
});

test('iterations are in the order of their index, nested branches in that of their names', () => {
  const map = history(
    ...['1<0 ExecutionStarted', '2<0 MapStateEntered M', '3<2 MapStateStarted'],
    ...['4<3 MapIterationStarted 0', '5<3 MapIterationStarted 1'],
    ...['6<5 ParallelStateEntered P', '7<6 ParallelStateStarted', '8<7 PassStateEntered B', '9<4 PassStateEntered Z'],
    ...['10<7 PassStateEntered A', '11<10 ParallelStateSucceeded', '12<10 ParallelStateExited P'],
    ...['13<9 MapIterationSucceeded 0', '14<12 MapIterationSucceeded 1', '15<14 MapStateSucceeded'],
    ...['16<14 MapStateExited M', '17<16 ExecutionSucceeded'],
  );
  assert.deepEqual(types(canonical(map)).slice(3, 14), [
    ...['MapIterationStarted 0', 'PassStateEntered Z', 'MapIterationSucceeded 0'],
    ...['MapIterationStarted 1', 'ParallelStateEntered P', 'ParallelStateStarted', 'PassStateEntered A'],
    ...['PassStateEntered B', 'ParallelStateSucceeded', 'ParallelStateExited P', 'MapIterationSucceeded 1'],
  ]);
});

test('a history without forks is left alone, wrong ids and all', () => {
  const events = history('1<0 ExecutionStarted', '2<0 PassStateEntered A', '4<2 PassStateExited A');
  assert.equal(canonical(events), events);
});

test('the event id in a text is renumbered with the event', () => {
  const fails = (events, id) =>
    events.map((one) => (one.id === 10 ? { ...one, cause: `state 'B' (entered at the event id #${id}).` } : one));
  assert.deepEqual(canonical(fails(ONE, 6)), canonical(fails(OTHER, 4)));
  assert.notDeepEqual(canonical(fails(ONE, 6)), canonical(fails(OTHER, 5)));
});

test('a run whose ids the recorder has masked is compared as a sorted list', () => {
  const masked = ONE.filter((one) => one.type !== 'ParallelStateSucceeded').map((one) =>
    one.id >= 4 && one.id <= 7 ? { ...one, id: [0], previousEventId: 0 } : one,
  );
  const pair = align(masked, OTHER);
  assert.deepEqual(pair.actual, pair.recorded);
  const missing = align(
    masked,
    OTHER.filter((one) => one.id !== 7),
  );
  assert.notDeepEqual(missing.actual, missing.recorded);
});
