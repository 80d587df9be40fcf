import { ownValue } from '../../../base/ownValue.js';
/**
 * How Go's YAML library (`yaml.v3`) writes a string: the scripts that read agent-compose's output expect its quotes. The
 * rules are those of its resolver (what another reader would take for a number, a date or a boolean is quoted) and of the
 * emitter that libyaml has: plain, else single quotes, else double quotes, several lines as a literal block.
 */
export function goScalar(text: string, indent: number): string {
  const shape = shapeOf(text);
  if (text.includes('\n')) return shape.literalAllowed ? literal(text, indent) : doubleQuoted(text);
  if (isMistaken(text)) return doubleQuoted(text);
  if (shape.plainAllowed) return text;
  return shape.singleAllowed ? `'${text.replaceAll("'", "''")}'` : doubleQuoted(text);
}

const WORDS = new Set(
  '~ null Null NULL true True TRUE false False FALSE y Y yes Yes YES on On ON n N no No NO off Off OFF .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF'.split(
    ' ',
  ),
);
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INTEGER = /^[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/;
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})((?:[Tt]| )(\d{1,2}):(\d{1,2}):(\d{1,2})([.,]\d+)?(Z|[-+]\d\d:\d\d)?)?$/;

/** A reader that guesses types would not read it as text. */
function isMistaken(text: string): boolean {
  if (text === '' || WORDS.has(text) || BASE_60.test(text) || isDate(text)) return true;
  if (text.startsWith('.')) return isDottedFloat(text);
  if (!/^[-+0-9]/.test(text)) return false;
  const plain = text.replaceAll('_', '');
  return FLOAT.test(plain) ? !isTooLarge(plain) : INTEGER.test(plain) && !isBeyond64Bits(plain);
}

/** Its parser takes underscores between digits, but only after a `0x`; and infinity beyond the largest number is refused. */
function isDottedFloat(text: string): boolean {
  return FLOAT.test(text) && !isTooLarge(text);
}

function isTooLarge(number: string): boolean {
  return !Number.isFinite(Number(number));
}

function isBeyond64Bits(text: string): boolean {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '').replace(/^0([0-7]+)$/, '0o$1');
  const value = BigInt(digits);
  return negative ? value > 2n ** 63n : value >= 2n ** 64n;
}

function isDate(text: string): boolean {
  const parts = DATE.exec(text);
  if (!parts) return false;
  const [, year = '', month = '', day = '', time, hour = '0', minute = '0', second = '0', , zone] = parts;
  // With a T the zone is part of the format, with a space it is not.
  if (time !== undefined && time.startsWith(' ') === (zone !== undefined)) return false;
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const isDay = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= days;
  return isDay && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
}

interface ScalarShape {
  readonly plainAllowed: boolean;
  readonly singleAllowed: boolean;
  readonly literalAllowed: boolean;
}

const BREAK = /[\r\n\u0085\u2028\u2029]/;
const BLANK = /[ \t\r\n\u0085\u2028\u2029]/;

function shapeOf(text: string): ScalarShape {
  const characters = Array.from(text);
  const special = characters.some(character => character !== '\t' && !isPrintable(character));
  const breakThenSpace = /[\r\n\u0085\u2028\u2029] /.test(text);
  const spaceThenBreak = / [\r\n\u0085\u2028\u2029]/.test(text);
  const edge = /^[ \r\n\u0085\u2028\u2029]|[ \r\n\u0085\u2028\u2029]$/.test(text);
  const quotedOnly = spaceThenBreak || special || text.includes('\t');
  return {
    plainAllowed: !(edge || breakThenSpace || quotedOnly || BREAK.test(text) || hasIndicators(characters)),
    singleAllowed: !(breakThenSpace || quotedOnly || BREAK.test(text)),
    literalAllowed: !(spaceThenBreak || special || text.endsWith(' ')),
  };
}

/** Something in it has a meaning in YAML outside of flow collections. */
function hasIndicators(characters: readonly string[]): boolean {
  const [first = '', second] = characters;
  const text = characters.join('');
  if (/^(---|\.\.\.)/.test(text) || '#,[]{}&*!|>\'"%@`'.includes(first)) return true;
  if ('?:-'.includes(first) && (second === undefined || BLANK.test(second))) return true;
  return characters.some((character, index) => {
    if (index === 0) return false;
    const next = characters[index + 1];
    if (character === ':') return next === undefined || BLANK.test(next);
    return character === '#' && BLANK.test(characters[index - 1] ?? ' ');
  });
}

/** What the library calls printable: the basic plane without control characters. */
function isPrintable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x0a || (code >= 0x20 && code <= 0x7e)) return true;
  return code >= 0xa0 && code <= 0xffff && code !== 0xfeff && code !== 0xfffe && code !== 0xffff;
}

function literal(text: string, indent: number): string {
  const hint = /^[ \r\n\u0085\u2028\u2029]/.test(text) ? '4' : '';
  const body = text.replace(/\n+$/, '');
  const breaks = text.length - body.length;
  const chomping = breaks === 0 ? '-' : breaks > 1 || body === '' ? '+' : '';
  const pad = ' '.repeat(indent);
  const lines = body.split('\n').map(line => (line === '' ? '' : `${pad}${line}`));
  const written = `${lines.join('\n')}${'\n'.repeat(Math.max(0, breaks - 1))}`;
  // The library loses the first line break of a text that begins with one.
  return `|${hint}${chomping}${written === '' ? '' : `\n${written.replace(/^\n/, '')}`}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\u0007': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\u001b': 'e',
  '"': '"',
  '\\': '\\',
  '\u0085': 'N',
  '\u2028': 'L',
  '\u2029': 'P',
};

function doubleQuoted(text: string): string {
  const written = Array.from(text, character => {
    const named = ownValue(ESCAPES, character);
    if (named !== undefined) return `\\${named}`;
    return isPrintable(character) ? character : hexEscape(character.codePointAt(0) ?? 0);
  });
  return `"${written.join('')}"`;
}

function hexEscape(code: number): string {
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
