/** Control characters but tab and line break, what changes the direction of text, and the two other line breaks. */
const unprintable = /[^\P{Cc}\t\n]|[\p{Bidi_Control}\u2028\u2029]/gu;
/** The same but for the colours that {@link Style} sets. */
const unprintableButColour = /\u001b\[(?:\d{1,3})m|[^\P{Cc}\t\n]|[\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * Text of agents and files made harmless for a terminal: what could move the cursor, set the title, write the clipboard, make a
 * link or hide words is shown as U+FFFD.
 */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(unprintable, '\ufffd');
}

/** The same, on one line. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim();
}

/** A line of ours, whatever text of others got into it: its colours stay, nothing else commands the terminal. */
export function ownLine(text: string): string {
  return text.replace(unprintableButColour, found => (found.startsWith('\u001b[') ? found : '\ufffd'));
}

/** JSON says the same with escapes; `JSON.stringify` leaves these characters as they are. */
export function jsonText(json: string): string {
  return json.replace(/[\u007f-\u009f]|[\p{Bidi_Control}\u2028\u2029]/gu, character => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Bytes or text that come in pieces, made printable; a character or line break may be cut between two of them. */
export class PrintableStream {
  readonly #decoder = new TextDecoder();
  #pending = '';

  take(piece: string | Uint8Array): string {
    const text = this.#pending + (typeof piece === 'string' ? piece : this.#decoder.decode(piece, { stream: true }));
    // It may be the first half of a line break.
    this.#pending = text.endsWith('\r') ? '\r' : '';
    return printable(this.#pending === '' ? text : text.slice(0, -1));
  }
}
