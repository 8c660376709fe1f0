// options.mjs - the runner's command line.
import { DRIVEN_CLASSES } from './cases.mjs';

export const USAGE = `usage: tests/conformance/run [options]
  --only REGEX       scenarios whose id matches
  --class A,B1       classes (default ${DRIVEN_CLASSES.join(',')}; "all" for every one)
  --width N          scenarios at a time (default 4)
  --verbose          prints both sides of every answer
  --quiet            prints the table only
  --json FILE        writes the result
  --min L1,L2,L3     least percentages of the total; exit status 1 when one is missed
environment: FERMATA_CORPORA (folder with sfn/cases.jsonl), FERMATA_BIN (default build/dev/fermata)`;

const NUMBER = /^\d+(\.\d+)?$/;

function parseMin(text) {
  const numbers = text.split(',');
  if (numbers.length !== 3 || !numbers.every((number) => NUMBER.test(number))) {
    throw new RangeError('--min takes three percentages');
  }
  return numbers.map(Number);
}

const WITH_VALUE = {
  '--only': (text) => ({ only: new RegExp(text) }),
  '--class': (text) => ({ classes: text.split(',') }),
  '--width': (text) => ({ width: Math.max(1, Number.parseInt(text, 10) || 1) }),
  '--json': (text) => ({ json: text }),
  '--min': (text) => ({ min: parseMin(text) }),
};

/** Throws with a line for the user when it cannot be understood. */
export function parseOptions(args) {
  const options = { classes: DRIVEN_CLASSES, width: 4, verbose: false, quiet: false };
  for (let index = 0; index < args.length; index++) {
    const [name, joined] = args[index].split(/=(.*)/s);
    if (name === '--verbose' || name === '--quiet' || name === '--help') {
      options[name.slice(2)] = true;
    } else if (WITH_VALUE[name]) {
      const value = joined ?? args[++index];
      if (value === undefined) throw new RangeError(`${name} needs a value`);
      Object.assign(options, WITH_VALUE[name](value));
    } else {
      throw new RangeError(`${name} is not an option`);
    }
  }
  return options;
}
