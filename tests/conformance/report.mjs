// report.mjs - the score as a table, and the list of what differs.
const WIDTH = 130;

function shorten(value, width = WIDTH) {
  const text = value === undefined ? '(nothing)' : typeof value === 'string' ? value : JSON.stringify(value);
  const line = text.replaceAll('\n', '\\n');
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

/** Of two long texts, the part around the first difference. */
function fromDifference(one, other) {
  if (typeof one !== 'string' || typeof other !== 'string') return [one, other];
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const from = Math.max(0, at - 40);
  return one.length > WIDTH && from > 0 ? [`…${one.slice(from)}`, `…${other.slice(from)}`] : [one, other];
}

export function score(results) {
  const driven = results.filter((result) => result.driven);
  const levels = [0, 1, 2].map((level) => driven.filter((result) => result.levels[level]).length);
  return { cases: driven.length, levels };
}

function row(name, { cases, levels }) {
  const cells = levels.map((count) => `${String(count).padStart(5)} ${percent(count, cases)}`);
  return `${name.padEnd(22)}${String(cases).padStart(6)}  ${cells.join('  ')}`;
}

function percent(count, all) {
  return all === 0 ? '     -' : `${((100 * count) / all).toFixed(1).padStart(5)}%`;
}

export function summary(results) {
  const classes = [...new Set(results.map((result) => result.class))].sort();
  const rows = classes.map((name) => [name, results.filter((result) => result.class === name)]);
  rows.push(['total', results]);
  rows.push(['needs JSONata', results.filter((result) => result.jsonata)]);
  rows.push(['without JSONata', results.filter((result) => !result.jsonata)]);
  return Object.fromEntries(rows.map(([name, list]) => [name, score(list)]));
}

export function table(results) {
  const undriven = results.filter((result) => !result.driven).length;
  const unreached = results.reduce((sum, result) => sum + result.skipped.length, 0);
  const lines = [`${'class'.padEnd(22)} cases  ${['L1', 'L2', 'L3'].map((name) => name.padStart(12)).join('  ')}`];
  for (const [name, numbers] of Object.entries(summary(results))) lines.push(row(name, numbers));
  lines.push(`not counted: ${undriven} scenarios whose calls were not recorded; ${unreached} answers out of reach`);
  return lines.join('\n');
}

/** The first pair that fails, at the lowest level that fails. */
export function firstDifference(result) {
  const level = result.levels.indexOf(false);
  if (level < 0) return null;
  const pair = result.pairs.find((one) => !one.levels[level]);
  return { level: level + 1, key: pair.key, ...(pair.first[level] ?? pair.first.find(Boolean)) };
}

export function shortId(id) {
  return id.replace(/^.*?\/v2\//, '').replace(/\.py::\w+::/, '/');
}

export function differenceLines(result) {
  const found = firstDifference(result);
  if (!found) return [];
  const [recorded, actual] = fromDifference(found.recorded, found.actual);
  const place = [found.key, ...(found.path ?? [])].join('.');
  return [
    `L${found.level} ${result.class} ${shortId(result.id)}`,
    `     at ${place}`,
    `     AWS ${shorten(recorded)}`,
    `     we  ${shorten(actual)}`,
  ];
}

export function bothSides(result) {
  const lines = [`==== ${result.id} (${result.ms} ms)`];
  for (const pair of result.pairs) {
    lines.push(`---- ${pair.key}: AWS`, JSON.stringify(pair.recorded, null, 1));
    lines.push(`---- ${pair.key}: we`, JSON.stringify(pair.actual, null, 1));
  }
  return lines.join('\n');
}
