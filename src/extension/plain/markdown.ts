/** The only file that makes Markdown for hovers and tooltips: foreign words enter it escaped. */
import * as vscode from 'vscode';
import type { CommandId } from '../manifest/commandTable.js';
import { plainText, spokenText } from './plainText.js';

/** A command of ours behind a word of ours. */
export interface CommandLink {
  readonly label: string;
  readonly command: CommandId;
}

/** A tooltip made of our own markup, foreign words, and links to commands of ours. */
export class Tooltip {
  readonly #markdown = new vscode.MarkdownString(undefined, true);

  /** Words of agents, files or git: escaped, so that they cannot become links, images or icons. */
  words(text: string): this {
    this.#append(spokenText(text));
    return this;
  }

  bold(text: string): this {
    this.#markdown.appendMarkdown('**');
    this.#append(plainText(text));
    this.#markdown.appendMarkdown('**');
    return this;
  }

  /** An icon of ours, `$(name)` without the brackets. */
  icon(name: string): this {
    this.#markdown.appendMarkdown(`$(${name}) `);
    return this;
  }

  line(text: string): this {
    this.words(text).#markdown.appendMarkdown('  \n');
    return this;
  }

  paragraph(): this {
    this.#markdown.appendMarkdown('\n\n');
    return this;
  }

  quote(text: string): this {
    this.#markdown.appendMarkdown('\n\n> ');
    return this.words(text);
  }

  /** Links that run commands of ours with one argument; nothing else in the tooltip can run anything. */
  links(links: readonly CommandLink[], argument: string): this {
    this.#markdown.isTrusted = { enabledCommands: links.map(({ command }) => command) };
    const encoded = encodeURIComponent(JSON.stringify([argument]));
    this.#markdown.appendMarkdown(
      `\n\n${links.map(({ label, command }) => `[${label}](command:${command}?${encoded})`).join(' · ')}`,
    );
    return this;
  }

  /**
   * Word by word: `appendText` makes every space one at which no line breaks, and a tooltip then breaks in the middle of words.
   * One space between two words means nothing in Markdown, but for the one behind the number of a list.
   */
  #append(text: string): void {
    const [first = '', ...words] = text.split(/(?<=\S)(?<!\d[.)]) (?=\S)/);
    this.#markdown.appendText(first);
    for (const word of words) this.#markdown.appendMarkdown(' ').appendText(word);
  }

  get value(): vscode.MarkdownString {
    return this.#markdown;
  }
}

/** The reference of the compose language, which we wrote. */
export function composeReference(markdown: string): vscode.MarkdownString {
  return new vscode.MarkdownString(markdown);
}

/** Foreign text as it stands, in the letters of code. The fence is longer than any that the text has. */
export function codeReference(text: string): vscode.MarkdownString {
  return new vscode.MarkdownString().appendCodeblock(plainText(text), 'text');
}
