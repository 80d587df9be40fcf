import { html, nothing, render, type TemplateResult } from 'lit';
import { button } from '../shared/toolkit.js';

/** A choice in a question. */
export interface Choice<T> {
  readonly label: string;
  readonly value: T;
}

interface Question<T> {
  readonly title: string;
  readonly detail?: string;
  /** Text as it is, such as a log. */
  readonly text?: string;
  /** The first one is what Enter means. */
  readonly choices: readonly Choice<T>[];
  readonly dismiss: string;
}

/** Asks; undefined when the person turned away. Everything in it is plain text. */
export function ask<T>(question: Question<T>): Promise<T | undefined> {
  return openDialog<T>(close => {
    const { title, detail = '', text = '', choices, dismiss } = question;
    return html`<form method="dialog" @submit=${(event: Event) => event.preventDefault()}>
      <h2 id="dialog-title">${title}</h2>
      ${detail === '' ? nothing : html`<p class="dialog-detail">${detail}</p>`}
      ${text === '' ? nothing : html`<pre class="dialog-text" tabindex="0">${text}</pre>`}
      <div class="dialog-buttons">
        ${choices.map(({ label, value }, i) =>
          button({ label, look: i === 0 ? 'primary' : 'secondary', onClick: () => close(value) }),
        )}
        ${button({ label: dismiss, onClick: () => close(undefined) })}
      </div>
    </form>`;
  });
}

/** Asks for words; undefined when the person turned away. Empty words are an answer only where `mayBeEmpty`. */
export function askForWords(question: {
  readonly title: string;
  readonly detail?: string;
  readonly label: string;
  readonly confirm: string;
  readonly dismiss: string;
  readonly mayBeEmpty?: boolean;
  readonly type?: 'words' | 'line' | 'password';
}): Promise<string | undefined> {
  const { title, detail = '', label, confirm, dismiss, mayBeEmpty = false, type = 'words' } = question;
  return openDialog<string>(close => {
    const submit = (event: Event): void => {
      event.preventDefault();
      const field = document.querySelector<HTMLInputElement | HTMLTextAreaElement>('.site-dialog .dialog-words');
      const words = field?.value ?? '';
      if (mayBeEmpty || words.trim() !== '') close(words);
    };
    return html`<form method="dialog" @submit=${submit}>
      <h2 id="dialog-title">${title}</h2>
      ${detail === '' ? nothing : html`<p class="dialog-detail">${detail}</p>`}
      <label class="dialog-field"
        >${label}${
          type === 'words'
            ? html`<textarea class="dialog-words" rows="4"></textarea>`
            : html`<input
                class="dialog-words"
                type=${type === 'line' ? 'text' : 'password'}
                autocomplete=${type === 'line' ? 'off' : 'new-password'}
              />`
        }</label
      >
      <div class="dialog-buttons">
        ${button({ label: confirm, look: 'primary', onClick: submit })}
        ${button({ label: dismiss, onClick: () => close(undefined) })}
      </div>
    </form>`;
  });
}

function openDialog<T>(draw: (close: (value: T | undefined) => void) => TemplateResult): Promise<T | undefined> {
  const dialog = document.createElement('dialog');
  dialog.className = 'site-dialog';
  dialog.setAttribute('aria-labelledby', 'dialog-title');
  return new Promise(resolve => {
    const close = (value: T | undefined): void => {
      dialog.remove();
      resolve(value);
    };
    dialog.addEventListener('close', () => close(undefined));
    render(draw(close), dialog);
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Says for a while that something was done. */
export function say(text: string): void {
  const line = document.createElement('div');
  line.className = 'site-toast';
  line.setAttribute('role', 'status');
  line.textContent = text;
  document.body.append(line);
  setTimeout(() => line.remove(), 6_000);
}
