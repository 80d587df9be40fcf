/** The only file that knows the Markdown renderer and the sanitiser. */
import DOMPurify from 'dompurify';
import { nothing, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import type { DirectiveResult } from 'lit/directive.js';
import { Marked } from 'marked';
import { colored } from './codeColors.js';
import { parseFileReference } from './fileReference.js';

/**
 * HTML in a message is shown as it was written, and an image as a link to it. The sanitiser below is the wall; this keeps
 * it from ever having to parse what an agent wrote as HTML, which the views' policy would report.
 */
const renderer = new Marked({
  gfm: true,
  breaks: false,
  renderer: {
    html: ({ text }) => escapeHtml(text),
    // A box that nobody can tick would only be in the way of the keyboard.
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    code: ({ text, lang = '' }) =>
      `<pre><code data-language="${escapeHtml(lang.split(/[\s,{]/)[0] ?? '')}">${escapeHtml(text)}\n</code></pre>`,
    image: ({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text === '' ? href : text)}</a>`,
  },
});
/** What a sanitised text may consist of: no images, no forms, no styles, no ids. */
const allowedTags = [
  'a', 'b', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'kbd', 'li', 'ol', 'p',
  'pre', 's', 'span', 'strong', 'sub', 'sup', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul',
]; // prettier-ignore
const allowedAttributes = ['href', 'title', 'align', 'start', 'data-path', 'data-line', 'data-language'];
/** Longer texts are shown as they are: rendering them would hold up the view. */
const maxMarkdown = 200_000;

const cache = new Map<string, string>();
/** More texts than a page shows at once. */
const cacheSize = 500;

/** Words beside blocks of code; the same for as long as the view lives. */
export interface CodeWords {
  readonly copyCode: string;
}

/** Renders what an agent wrote. Links to files carry `data-path` and `data-line`; see `linkTarget`. */
export function markdown(text: string, words: CodeWords): DirectiveResult | TemplateResult | typeof nothing | string {
  if (text === '') return nothing;
  const rendered = text.length > maxMarkdown ? undefined : renderMarkdown(text, words);
  return rendered === undefined ? text : unsafeHTML(rendered);
}

/** Sanitised HTML of a Markdown text; undefined for one that the renderer gives up on. */
function renderMarkdown(text: string, words: CodeWords): string | undefined {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const dirty = parsed(text);
  if (dirty === undefined) return undefined;
  const fragment = DOMPurify.sanitize(dirty, {
    ALLOWED_TAGS: allowedTags,
    ALLOWED_ATTR: allowedAttributes,
    ALLOW_DATA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  markFileLinks(fragment);
  colorCode(fragment);
  addCopyButtons(fragment, words);
  const holder = document.createElement('div');
  holder.append(fragment);
  const clean = holder.innerHTML;
  if (cache.size >= cacheSize) cache.clear();
  cache.set(text, clean);
  return clean;
}

/** A few thousand levels of quotes, lists or emphasis are too deep for the renderer, which descends into each. */
function parsed(text: string): string | undefined {
  try {
    return renderer.parse(text, { async: false });
  } catch {
    // Shown as it was written, alone: the rest of the conversation is none of its business.
    return undefined;
  }
}

/** Turns links that lead into the worktree, and code that reads like `src/a.ts:12`, into file links. */
function markFileLinks(fragment: DocumentFragment): void {
  for (const link of fragment.querySelectorAll('a')) {
    const href = link.getAttribute('href') ?? '';
    // What the writer cannot set: only links recognised below carry a path.
    link.removeAttribute('data-path');
    link.removeAttribute('data-line');
    if (/^(https?|mailto):/i.test(href)) continue;
    const reference = parseFileReference(decode(href.replace(/^file:\/\//i, '')));
    if (reference) setReference(link, reference);
    else link.removeAttribute('href');
  }
  for (const code of fragment.querySelectorAll('code')) {
    if (code.closest('a, pre')) continue;
    const reference = parseFileReference(code.textContent);
    if (!reference || !/[./]/.test(reference.path) || (!reference.line && !/[/].*\.\w+$/.test(reference.path)))
      continue;
    const link = document.createElement('a');
    setReference(link, reference);
    code.replaceWith(link);
    link.append(code);
  }
}

/** Gives blocks of code the colours of their language. What is put in is made by the highlighter from text. */
function colorCode(fragment: DocumentFragment): void {
  for (const element of fragment.querySelectorAll('[data-language]')) {
    const language = element.getAttribute('data-language') ?? '';
    element.removeAttribute('data-language');
    const colors =
      element.matches('pre > code') && language !== '' ? colored(element.textContent, language) : undefined;
    if (colors !== undefined) element.innerHTML = colors;
  }
}

/** A button beside each block of code; see {@link copyCode}. */
function addCopyButtons(fragment: DocumentFragment, { copyCode: label }: CodeWords): void {
  for (const block of fragment.querySelectorAll('pre')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy-code codicon codicon-copy';
    button.title = label;
    button.ariaLabel = label;
    const frame = document.createElement('div');
    frame.className = 'code-frame';
    block.replaceWith(frame);
    block.tabIndex = 0;
    frame.append(block, button);
  }
}

/** How long a button says that it copied, in ms. */
const copiedMs = 1_500;

/** Copies the code of the button that was clicked, if it was one. True then. */
export function copyCode(target: EventTarget | null): boolean {
  const button = target instanceof Element ? target.closest('.copy-code') : null;
  if (!button) return false;
  const block = button.parentElement?.querySelector('pre');
  void navigator.clipboard.writeText(block?.textContent.replace(/\n$/, '') ?? '').then(
    () => {
      button.classList.replace('codicon-copy', 'codicon-check');
      setTimeout(() => button.classList.replace('codicon-check', 'codicon-copy'), copiedMs);
    },
    // The clipboard is not ours to use: the code is selected, and the keyboard copies it.
    () => block && getSelection()?.selectAllChildren(block),
  );
  return true;
}

function setReference(
  link: HTMLAnchorElement,
  { path, line }: { readonly path: string; readonly line?: number },
): void {
  link.setAttribute('href', '#');
  link.setAttribute('data-path', path);
  if (line !== undefined) link.setAttribute('data-line', String(line));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

/** A stray `%` is a character like any other. */
function decode(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}
