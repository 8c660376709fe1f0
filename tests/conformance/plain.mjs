// plain.mjs - brings recorded and real answers into one plain form: JSON only, strings that hold JSON parsed.
export const RECORDED_ACCOUNT = '111111111111';

/** Objects and arrays only: a string such as "1" stays a string. */
function parseIfJson(text) {
  const first = text.trimStart()[0];
  if (first !== '{' && first !== '[') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Dates become ISO strings, undefined members and the SDK's own metadata go, JSON in strings is opened. */
export function plain(value) {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (typeof value === 'string') {
    const parsed = parseIfJson(value);
    return typeof parsed === 'string' ? parsed : plain(parsed);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).filter(([key, member]) => member !== undefined && key !== '$metadata');
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}

/** The account of a real ARN becomes the one of the recordings, in a text of any kind. */
export function recordedAccount(value, account) {
  const pattern = new RegExp(`(arn:[\\w-]+:[\\w-]+:[\\w-]*:)${account}(?=:)`, 'g');
  return mapStrings(value, (text) => text.replace(pattern, `$1${RECORDED_ACCOUNT}`));
}

export function mapStrings(value, change) {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((member) => mapStrings(member, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapStrings(member, change)]));
}
