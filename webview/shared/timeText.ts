import { AsyncDirective, directive } from 'lit/async-directive.js';
import { formatAge, formatDuration } from '../../src/protocol/displayFormat.js';
import { onTick } from './ticker.js';

/** A text that depends on the time: it changes in place, without drawing the view again. */
class TimeText extends AsyncDirective {
  #textAt: (now: number) => string = () => '';
  #shown: string | undefined;
  #stop: (() => void) | undefined;

  override render(textAt: (now: number) => string): string {
    this.#textAt = textAt;
    this.#stop ??= onTick(() => this.#update());
    this.#shown = textAt(Date.now());
    return this.#shown;
  }

  override disconnected(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  override reconnected(): void {
    this.#stop ??= onTick(() => this.#update());
    this.#update();
  }

  #update(): void {
    const text = this.#textAt(Date.now());
    if (text === this.#shown) return;
    this.#shown = text;
    this.setValue(text);
  }
}

const timeText = directive(TimeText);

/** How long ago `then` was, kept current; `around` may put words around it. */
export function age(then: number, around: (text: string) => string = text => text): unknown {
  return timeText(now => around(formatAge(then, now)));
}

/** How long until `then`, kept current; empty when it has come. `around` puts words around it. */
export function until(then: number, around: (text: string) => string): unknown {
  return timeText(now => around(then <= now ? '' : formatDuration(then - now)));
}

/** The time since `start`, kept current until `end` is known. */
export function elapsed(start: number, end: number | undefined): unknown {
  if (end !== undefined) return formatDuration(end - start);
  return timeText(now => {
    const ms = Math.max(0, now - start);
    return ms < 60_000 ? `${Math.floor(ms / 1000)} s` : formatDuration(ms);
  });
}

/** `14:05`, the same for everybody: short enough for an axis. */
export function clockTime(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `11-26` */
export function monthAndDay(at: number): string {
  const date = new Date(at);
  return `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
