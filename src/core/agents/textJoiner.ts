import type { AgentEvent } from './agentEvent.js';

/** An event with the byte offset in `stdout.ndjson` after which reading goes on. */
export interface PlacedEvent {
  readonly event: AgentEvent;
  readonly end: number;
}

/** Longer texts are handed out in parts. */
const maxHeld = 16_384;

/**
 * Makes whole texts of the pieces that some CLIs stream, so that readers never see half a word as a paragraph.
 * Pieces are held back until something else follows, a line is complete, or they get long.
 */
export class TextJoiner {
  #held: { readonly text: string; readonly end: number } | undefined;

  add(event: AgentEvent, end: number): readonly PlacedEvent[] {
    if (event.kind !== 'text' || event.delta !== true) return [...this.flush(), { event, end }];
    this.#held = { text: (this.#held?.text ?? '') + event.text, end };
    return this.#held.text.length < maxHeld ? [] : this.flush();
  }

  /** Nothing more is there for now: complete lines need not wait. */
  pause(): readonly PlacedEvent[] {
    return this.#held?.text.endsWith('\n') === true ? this.flush() : [];
  }

  /** Nothing more will come. */
  flush(): readonly PlacedEvent[] {
    const held = this.#held;
    this.#held = undefined;
    return held === undefined ? [] : [{ event: { kind: 'text', text: held.text }, end: held.end }];
  }
}
