import { html, type TemplateResult } from 'lit';

/** A stretch of one look. */
export interface Stretch {
  readonly text: string;
  /** CSS classes; empty for plain text. */
  readonly look: string;
}

const escapes =
  /\u001b(?:\[([0-9;]*)m|\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[()#][0-9A-Za-z]|[A-Za-z=>78])/g;
const otherControls = /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f]/g;
const colors = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/** What a program printed, as a terminal would leave it: colours as looks, a line that was written over in its last state. */
export function terminalStretches(text: string): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let look = noLook;
  let last = 0;
  const source = lastStates(text);
  const add = (part: string): void => {
    const clean = part.replace(otherControls, '');
    if (clean !== '') stretches.push({ text: clean, look: classesOf(look) });
  };
  for (const match of source.matchAll(escapes)) {
    add(source.slice(last, match.index));
    last = match.index + match[0].length;
    const [, codes] = match;
    if (codes !== undefined) look = applyCodes(look, codes);
  }
  add(source.slice(last).replace(/\u001b/g, ''));
  return stretches;
}

/** The same for a template. Text without anything special stays one text node. */
export function terminalText(text: string): TemplateResult | string {
  if (!/[\u001b\r\u0000-\u0008]/.test(text)) return text;
  return html`${terminalStretches(text).map(each => (each.look === '' ? each.text : html`<span class=${each.look}>${each.text}</span>`))}`;
}

/** `\r` goes back to the start of the line: what follows it replaces what was there. */
function lastStates(text: string): string {
  if (!text.includes('\r')) return text;
  return text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map(line => line.split('\r').findLast(state => state.trim() !== '') ?? '')
    .join('\n');
}

interface Look {
  readonly color: string;
  readonly bold: boolean;
  readonly dim: boolean;
}

const noLook: Look = { color: '', bold: false, dim: false };

function applyCodes(look: Look, codes: string): Look {
  const list = (codes === '' ? '0' : codes).split(';').map(Number);
  let next = look;
  for (let i = 0; i < list.length; i++) {
    const code = list[i] ?? 0;
    // 256 colours and true colour: their arguments are skipped, the text keeps the colour it has.
    if (code === 38 || code === 48) i += list[i + 1] === 5 ? 2 : 4;
    else next = applyCode(next, code);
  }
  return next;
}

function applyCode(look: Look, code: number): Look {
  if (code === 0) return noLook;
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 39) return { ...look, color: '' };
  const color = colors[code >= 90 ? code - 90 : code - 30];
  return color !== undefined && ((code >= 30 && code <= 37) || code >= 90) ? { ...look, color } : look;
}

function classesOf({ color, bold, dim }: Look): string {
  return [color === '' ? '' : `ansi-${color}`, bold ? 'ansi-bold' : '', dim ? 'ansi-dim' : '']
    .filter(name => name !== '')
    .join(' ');
}
