/** One command of a shell text, in plain words, and what stands between it and the next one. */
export interface SimpleCommand {
  readonly words: readonly string[];
  /** `''`: it is the last. */
  readonly end: '&&' | '||' | '|' | ';' | '&' | '';
}

/** Longer texts are scripts that somebody wrote into a command; nobody looks for commands in them. */
export const maxShellText = 20_000;

/**
 * The commands of a shell text, as far as they can be told without running it: quotes are understood, substitutions and compound statements
 * are words like others. It decides nothing, so that what it gets wrong costs a word on screen.
 */
export function simpleCommands(text: string): readonly SimpleCommand[] {
  const reader = new ShellReader(withoutHereDocuments(text.slice(0, maxShellText)));
  return reader.commands();
}

class ShellReader {
  readonly #text: string;
  readonly #commands: SimpleCommand[] = [];
  #words: string[] = [];
  #word = '';
  #inWord = false;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  commands(): readonly SimpleCommand[] {
    while (this.#at < this.#text.length) {
      const operator = this.#operator();
      if (operator === undefined) this.#character();
      else this.#endCommand(operator);
    }
    this.#endCommand('');
    return this.#commands;
  }

  #operator(): SimpleCommand['end'] | undefined {
    const here = this.#text.slice(this.#at, this.#at + 2);
    const [first = ''] = here;
    if (here === '&&' || here === '||') return this.#skip(2, here);
    if (here === '|&') return this.#skip(2, '|');
    if (first === '|') return this.#skip(1, '|');
    if (first === ';' || first === '\n') return this.#skip(1, ';');
    // `2>&1` and `&>file` are redirections.
    if (first === '&' && here !== '&>' && this.#text[this.#at - 1] !== '>') return this.#skip(1, '&');
    return undefined;
  }

  #skip<T>(characters: number, operator: T): T {
    this.#at += characters;
    return operator;
  }

  #character(): void {
    const character = this.#text[this.#at++] ?? '';
    if (character === ' ' || character === '\t' || character === '\r') return this.#endWord();
    if (character === '#' && !this.#inWord) return this.#comment();
    this.#inWord = true;
    if (character === '\\') {
      const escaped = this.#text[this.#at++] ?? '';
      if (escaped !== '\n') this.#word += escaped;
    } else if (character === "'" || character === '"') this.#quoted(character);
    else this.#word += character;
  }

  #quoted(quote: string): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] ?? '';
      if (character === quote) break;
      if (quote === '"' && character === '\\') this.#at++;
      this.#word += this.#text[this.#at] ?? '';
    }
    this.#at++;
  }

  #comment(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
  }

  #endWord(): void {
    if (this.#inWord && this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
    this.#inWord = false;
  }

  #endCommand(end: SimpleCommand['end']): void {
    this.#endWord();
    if (this.#words.length > 0) this.#commands.push({ words: this.#words, end });
    this.#words = [];
  }
}

/** What a command is given to read is no command. */
function withoutHereDocuments(text: string): string {
  const lines = text.split('\n');
  const kept: string[] = [];
  let end: string | undefined;
  for (const line of lines) {
    if (end !== undefined) {
      if (line.trim() === end) end = undefined;
      continue;
    }
    kept.push(line);
    end = /<<-?\s*(['"]?)([A-Za-z_]\w*)\1/.exec(line)?.[2];
  }
  return kept.join('\n');
}
