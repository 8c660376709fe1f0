// history.mjs - one order for histories whose branches ran side by side, found by following previousEventId.
const STARTED = /^(Parallel|Map)StateStarted$/;
const CLOSED = /^(Parallel|Map)State(Succeeded|Failed|Aborted)$/;
const EXITED = /^(Parallel|Map)StateExited$/;
const ENTERED = /^(Parallel|Map)StateEntered$/;
const ENTERED_AT = /(entered at the event id #)(\d+)/g;

export function detailsOf(event) {
  const key = Object.keys(event).find((name) => name.endsWith('EventDetails'));
  return key ? event[key] : {};
}

function kindOf(event) {
  return /^(Parallel|Map)/.exec(event.type)?.[0];
}

/** An event that ends the block on top of the stack, or tries it again, belongs beside the block, not into it. */
function leavesBlock(event, parent, top) {
  if (event.type.startsWith('Execution')) return true;
  if (!top) return false;
  if (EXITED.test(event.type)) return top.name === detailsOf(event).name;
  if (STARTED.test(event.type)) return !ENTERED.test(parent.type) && kindOf(event) === top.kind;
  return CLOSED.test(event.type) && kindOf(event) === top.kind;
}

function makeBlock(started, parent, parentNode) {
  const retried = parentNode.stack.at(-1)?.block;
  const name = ENTERED.test(parent?.type ?? '') ? detailsOf(parent).name : retried?.name;
  return { start: started, kind: kindOf(started), name, branches: new Map(), first: 0 };
}

function openBranch(block, key) {
  if (!block.branches.has(key)) block.branches.set(key, []);
  return { block, list: block.branches.get(key) };
}

/** Where an event stands: the stack of {block, list} of the branches it is in. */
function placeOf(event, parentNode) {
  const { event: parent, stack, block } = parentNode;
  const top = stack.at(-1);
  if (event.type.startsWith('Execution')) return [];
  if (block && !CLOSED.test(event.type) && !EXITED.test(event.type)) {
    block.first++;
    const { index, name } = detailsOf(event);
    return [...stack, openBranch(block, event.type === 'MapIterationStarted' ? index : name)];
  }
  if (event.type === 'MapIterationStarted' && top) {
    return [...stack.slice(0, -1), openBranch(top.block, detailsOf(event).index)];
  }
  return leavesBlock(event, parent, top?.block) ? stack.slice(0, -1) : stack;
}

/** Puts every event into the list of its branch; returns the nodes of the outermost list. */
function buildTree(events) {
  const outermost = [];
  const nodes = new Map([[0, { event: { type: 'Root' }, stack: [] }]]);
  for (const event of [...events].sort((a, b) => a.id - b.id)) {
    const parentNode = nodes.get(event.previousEventId) ?? nodes.get(0);
    const stack = placeOf(event, parentNode);
    const node = { event, stack, parentNode };
    if (STARTED.test(event.type)) node.block = makeBlock(event, parentNode.event, parentNode);
    nodes.set(event.id, node);
    (stack.at(-1)?.list ?? outermost).push(node);
  }
  return outermost;
}

function compareKeys([a], [b]) {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

function flatten(list, ret) {
  for (const node of list) {
    ret.push(node);
    const branches = [...(node.block?.branches ?? [])].sort(compareKeys);
    branches.forEach(([, branch]) => flatten(branch, ret));
  }
  return ret;
}

/** Which of several branches ended last, or made room for the next iteration, is chance: the block is named instead. */
function previousOf(node, newIds) {
  const stack = node.parentNode.stack;
  const left = stack.at(-1)?.block;
  const sideBySide = left && left.first > 1;
  if (sideBySide && node.stack.at(-1)?.list !== stack.at(-1).list)
    return `some branch of #${newIds.get(left.start.id)}`;
  return newIds.get(node.event.previousEventId) ?? node.event.previousEventId;
}

function renumberTexts(value, newIds) {
  if (typeof value === 'string') {
    return value.replace(ENTERED_AT, (_, text, id) => text + (newIds.get(Number(id)) ?? id));
  }
  if (Array.isArray(value)) return value.map((item) => renumberTexts(item, newIds));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renumberTexts(item, newIds)]));
}

/** Without gaps, from 1: only such ids may be given anew. */
function isNumbered(events) {
  const ids = new Set(events.map((event) => event.id));
  return ids.size === events.length && events.every(({ id }) => Number.isInteger(id) && id >= 1 && id <= ids.size);
}

/** The events branch after branch, ids, previous ids and "event id #n" renumbered; without forks all stays as it is. */
export function canonical(events) {
  if (!isNumbered(events)) return events;
  const nodes = flatten(buildTree(events), []);
  if (!nodes.some((node) => node.block?.first > 1)) return events;
  const newIds = new Map(nodes.map((node, index) => [node.event.id, index + 1]));
  return nodes.map((node) => ({
    ...renumberTexts(node.event, newIds),
    id: newIds.get(node.event.id),
    previousEventId: previousOf(node, newIds),
  }));
}

export function isReversed(events) {
  return events.length > 1 && events[0].id > events.at(-1).id;
}

function isMasked(event) {
  return !Number.isInteger(event.id);
}

function withoutPlace({ id, previousEventId, ...event }) {
  return event;
}

function sortKey(event) {
  const details = detailsOf(event);
  return [event.type, details.name ?? '', details.index ?? '', JSON.stringify(details)].join('\n');
}

function sortLoose(events) {
  return events.map(withoutPlace).sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

/** The recorder has dropped the success of the block itself from a masked run; so it goes from the real one. */
function dropSucceeded(run, wanted) {
  const last = run.findLastIndex ? run.findLastIndex(isSucceeded) : run.map(isSucceeded).lastIndexOf(true);
  const recorded = wanted.filter(isSucceeded).length;
  return last >= 0 && run.filter(isSucceeded).length > recorded ? run.filter((_, index) => index !== last) : run;
}

function isSucceeded(event) {
  return /^(Parallel|Map)StateSucceeded$/.test(event.type);
}

/** Some recordings have masked the ids of what ran side by side: such a run is compared as a sorted list. */
function alignMasked(recorded, actual) {
  const pair = { recorded: [], actual: [] };
  let at = 0;
  for (let index = 0; index < recorded.length;) {
    let end = index;
    while (end < recorded.length && isMasked(recorded[end])) end++;
    if (end === index) {
      pair.recorded.push(recorded[index++]);
      if (at < actual.length) pair.actual.push(actual[at++]);
      continue;
    }
    const until = end < recorded.length ? actual.findIndex((event) => event.id === recorded[end].id) : actual.length;
    const run = actual.slice(at, until < 0 ? actual.length : until);
    pair.recorded.push(...sortLoose(recorded.slice(index, end)));
    pair.actual.push(...sortLoose(dropSucceeded(run, recorded.slice(index, end))));
    at += run.length;
    index = end;
  }
  pair.actual.push(...actual.slice(at));
  return pair;
}

/** Both histories in an order that chance has no part in, as {recorded, actual}. */
export function align(recorded, actual) {
  if (recorded.some(isMasked))
    return alignMasked(
      recorded,
      [...actual].sort((a, b) => a.id - b.id),
    );
  if (isReversed(recorded)) return { recorded, actual };
  return { recorded: canonical(recorded), actual: canonical(actual) };
}
