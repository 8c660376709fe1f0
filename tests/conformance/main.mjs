// main.mjs - plays recorded scenarios of AWS Step Functions on a server of its own and scores the answers.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { call, makeClient } from '../sdk/client.mjs';
import { binary, Server } from '../sdk/server.mjs';
import { readCases, selectCases } from './cases.mjs';
import { judgeAll } from './judge.mjs';
import { parseOptions, USAGE } from './options.mjs';
import { bothSides, differenceLines, score, summary, table } from './report.mjs';

const SKIPPED = 77;

function skipReason() {
  const corpora = process.env.FERMATA_CORPORA;
  if (!corpora) return 'FERMATA_CORPORA is not set';
  if (!existsSync(join(corpora, 'sfn', 'cases.jsonl'))) return `${corpora} holds no sfn/cases.jsonl`;
  return null;
}

/** The account in the ARNs that this server makes: learned from the first one. */
async function findAccount(client) {
  const { activityArn } = await call(client, 'create_activity', { name: 'conformance-account' });
  await call(client, 'delete_activity', { activityArn });
  return activityArn.split(':')[4];
}

function print(results, { verbose, quiet }) {
  for (const result of results) {
    if (verbose) console.log(bothSides(result));
    const lines = quiet ? [] : differenceLines(result);
    if (lines.length > 0) console.log(lines.join('\n'));
  }
  console.log(`\n${table(results)}`);
}

function misses(results, min) {
  const { cases, levels } = score(results);
  return min.some((least, level) => (100 * levels[level]) / Math.max(1, cases) < least);
}

function writeJson(path, results) {
  const cases = results.map(({ pairs, ...result }) => ({
    ...result,
    answers: pairs.map(({ key, levels, first }) => ({ key, levels, first })),
  }));
  writeFileSync(path, `${JSON.stringify({ score: summary(results), cases }, null, 1)}\n`);
}

async function run(options) {
  const scenarios = selectCases(readCases(process.env.FERMATA_CORPORA), options);
  const server = await Server.start();
  const client = makeClient(server);
  const stop = () => server.stop().then(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const account = await findAccount(client);
    const send = (action, params, more) => call(client, action, params, more);
    const started = Date.now();
    const results = await judgeAll(scenarios, send, account, { width: options.width });
    print(results, options);
    console.log(`${results.length} scenarios in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    if (options.json) writeJson(options.json, results);
    return options.min && misses(results, options.min) ? 1 : 0;
  } finally {
    client.destroy();
    await server.stop();
  }
}

async function main() {
  let options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const reason = skipReason();
  if (reason) {
    console.log(`skipped: ${reason}`);
    return SKIPPED;
  }
  if (!existsSync(binary())) {
    console.error(`${binary()} has not been built`);
    return 2;
  }
  return run(options);
}

process.exitCode = await main();
