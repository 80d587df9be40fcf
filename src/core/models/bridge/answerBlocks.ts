import type { AnswerEvent, StopReason } from './conversation.js';

/** A piece of an answer that is complete: a text, or a call with its input. */
export interface Block {
  readonly kind: 'text' | 'call';
  readonly id: string;
  readonly tool: string;
  text: string;
}

/** Collects what was said; every protocol's whole answer is made of it. */
export class Blocks {
  readonly list: Block[] = [];
  reason: StopReason = 'end';
  failure: string | undefined;

  /** The block that the event begins or goes on with, and whether it is new. */
  take(event: AnswerEvent): { readonly block: Block; readonly isNew: boolean; readonly added: string } | undefined {
    switch (event.kind) {
      case 'text': {
        const last = this.list.at(-1);
        if (last?.kind !== 'text') return this.#open({ kind: 'text', id: '', tool: '', text: event.text }, event.text);
        last.text += event.text;
        return { block: last, isNew: false, added: event.text };
      }
      case 'call':
        return this.#open({ kind: 'call', id: event.id, tool: event.tool, text: '' }, '');
      case 'input': {
        const last = this.list.at(-1);
        if (last?.kind !== 'call') return undefined;
        last.text += event.text;
        return { block: last, isNew: false, added: event.text };
      }
      case 'stopped':
        this.reason = event.reason;
        return undefined;
      case 'failed':
        this.failure = event.message;
        return undefined;
    }
  }

  get said(): string {
    return this.list.map(block => (block.kind === 'text' ? block.text : '')).join('');
  }

  #open(block: Block, added: string) {
    this.list.push(block);
    return { block, isNew: true, added };
  }
}

/** An event of a stream. */
export function sse(data: unknown, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}
