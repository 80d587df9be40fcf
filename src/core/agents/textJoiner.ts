import type { AgentEvent, TextEvent } from './agentEvent.js';

/** An event with the byte offset in `stdout.ndjson` after which reading goes on. */
export interface PlacedEvent {
  readonly event: AgentEvent;
  readonly end: number;
}

/** Longer texts are handed out in parts. */
const maxHeld = 16_384;

/**
 * Makes few parts of the many pieces that some CLIs stream, so that readers never see half a word as a paragraph. Pieces are
 * held back until something else follows, a line is complete, or they get long; a part says itself that it is one (`delta`),
 * because the next one goes on where it stopped.
 */
export class TextJoiner {
  #held: { readonly event: TextEvent; readonly end: number } | undefined;

  add(event: AgentEvent, end: number): readonly PlacedEvent[] {
    if (event.kind !== 'text' || event.delta !== true) return [...this.flush(), { event, end }];
    const other = this.#held?.event.plain === event.plain ? [] : this.flush();
    const text = (this.#held?.event.text ?? '') + event.text;
    this.#held = { event: { ...event, text }, end };
    return text.length < maxHeld ? other : [...other, ...this.flush()];
  }

  /** Nothing more is there for now: complete lines need not wait. */
  pause(): readonly PlacedEvent[] {
    return this.#held?.event.text.endsWith('\n') === true ? this.flush() : [];
  }

  /** Hands out what is held. */
  flush(): readonly PlacedEvent[] {
    const held = this.#held;
    this.#held = undefined;
    return held === undefined ? [] : [held];
  }
}
