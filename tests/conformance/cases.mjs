// cases.mjs - reads the recorded scenarios and says of each what it needs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Classes that need nothing but the server itself; the others need a stand-in for another service. */
export const DRIVEN_CLASSES = ['A', 'B1', 'B2', 'M', 'Z'];

/** "A-pure" -> "A" */
function shortClass(name) {
  return name.split('-')[0];
}

function needsJsonata(calls) {
  const definitions = calls.map(([, params]) => params.definition).filter((text) => typeof text === 'string');
  return definitions.some((text) => text.includes('{%') || /"QueryLanguage"\s*:\s*"JSONata"/.test(text));
}

/** "03-12-2025, 18:51:48" -> "2025-12-03" */
function isoDay(date) {
  const [, day, month, year] = /^(\d\d)-(\d\d)-(\d{4})/.exec(date ?? '') ?? [];
  return year ? `${year}-${month}-${day}` : null;
}

export function readCases(corpora) {
  const text = readFileSync(join(corpora, 'sfn', 'cases.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const { id, class: name, calls, recorded } = JSON.parse(line);
      return {
        id,
        class: shortClass(name),
        calls,
        recorded: recorded['recorded-content'],
        recordedOn: isoDay(recorded['recorded-date']),
        jsonata: needsJsonata(calls),
      };
    });
}

export function selectCases(cases, { only, classes }) {
  return cases.filter(
    (one) => (classes.includes('all') || classes.includes(one.class)) && (!only || only.test(one.id)),
  );
}
