import { resultEndings } from '../../base/resultEndings.js';
import { fieldOf, recordField, textField } from '../../base/unknownFields.js';

/** A result of a cell, as programs and agents get it. */
export type CellOutput =
  | { readonly kind: 'text'; readonly text: string }
  /** `data` is in base64, or text where `type` is. */
  | { readonly kind: 'data'; readonly type: string; readonly data: string };

const longestText = 64 * 1024;
/** All data of a cell together: a letter with its answer is read as a whole. */
const longestData = 8 * 1024 * 1024;

interface Shown {
  /** What is printed to the same stream is one text. */
  readonly stream?: string;
  /** Of a display that can be shown anew. */
  readonly display?: string;
  text: string;
  data?: { readonly type: string; readonly data: string };
}

/**
 * What a cell has shown when it has ended, from what its kernel said line by line: streams put together, progress bars as they
 * ended, displays as they were last, and nothing of what was cleared.
 */
export function outputsOf(sayings: readonly unknown[]): readonly CellOutput[] {
  let shown: Shown[] = [];
  let clearsNext = false;
  for (const saying of sayings) {
    const type = textField(saying, 'type');
    const content = fieldOf(saying, 'content');
    if (type === 'clear_output') {
      if (fieldOf(content, 'wait') === true) clearsNext = true;
      else shown = [];
      continue;
    }
    if (type === 'update_display_data') {
      const display = displayId(content);
      shown = shown.map(each => (each.display === display && display !== undefined ? displayed(content) : each));
      continue;
    }
    const next = shownBy(type, content);
    if (!next) continue;
    if (clearsNext) shown = [];
    clearsNext = false;
    const last = shown.at(-1);
    if (next.stream !== undefined && last?.stream === next.stream) last.text += next.text;
    else shown.push(next);
  }
  return bounded(shown);
}

function shownBy(type: string, content: unknown): Shown | undefined {
  switch (type) {
    case 'stream':
      return { stream: textField(content, 'name'), text: textField(content, 'text') };
    case 'execute_result':
    case 'display_data':
      return displayed(content);
    case 'error': {
      const lines = fieldOf(content, 'traceback');
      const said = `${textField(content, 'ename')}: ${textField(content, 'evalue')}`;
      return { text: Array.isArray(lines) && lines.length > 0 ? lines.map(String).join('\n') : said };
    }
    default:
      return undefined;
  }
}

function displayed(content: unknown): Shown {
  const bundle = recordField(content, 'data');
  const found = [...resultEndings.keys()].find(type => dataOf(bundle, type) !== '');
  const display = displayId(content);
  return {
    text: textField(bundle, 'text/plain'),
    ...(display === undefined ? {} : { display }),
    ...(found === undefined ? {} : { data: { type: found, data: dataOf(bundle, found) } }),
  };
}

function dataOf(bundle: unknown, type: string): string {
  const value = fieldOf(bundle, type);
  if (typeof value === 'string') return value;
  return type === 'application/json' && value !== undefined ? JSON.stringify(value) : '';
}

function displayId(content: unknown): string | undefined {
  const id = textField(fieldOf(content, 'transient'), 'display_id');
  return id === '' ? undefined : id;
}

function bounded(shown: readonly Shown[]): readonly CellOutput[] {
  const outputs: CellOutput[] = [];
  let room = longestText;
  let dataRoom = longestData;
  for (const { text, data } of shown) {
    const plain = withoutColours(asShown(text));
    if (plain !== '' && room > 0) outputs.push({ kind: 'text', text: shortened(plain, room) });
    room -= plain.length;
    if (data === undefined) continue;
    if (data.data.length <= dataRoom) outputs.push({ kind: 'data', ...data });
    else outputs.push({ kind: 'text', text: `[${data.type} of ${data.data.length} characters left out]` });
    dataRoom -= Math.min(dataRoom, data.data.length);
  }
  return outputs;
}

/** A line that was written over again and again is there once. */
function asShown(text: string): string {
  if (!text.includes('\r')) return text;
  return text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map(line => line.replace(/\r+$/, '').split('\r').at(-1) ?? '')
    .join('\n');
}

/** Beginning and end, which say most. */
function shortened(text: string, room: number): string {
  if (text.length <= room) return text;
  const half = Math.floor(room / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(-half)}`;
}

/** Kernels colour their errors for the notebook that they think they are in. */
function withoutColours(text: string): string {
  return text.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '');
}
