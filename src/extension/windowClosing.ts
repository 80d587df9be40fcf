/** On the process, because what is loaded later is a bundle with modules of its own, and the window that closes is the same. */
const noted = Symbol.for('muster.windowClosing');

function ofThisWindow(): AbortController {
  const found: unknown = Reflect.get(globalThis, noted);
  // One that has closed belongs to an earlier life of this process.
  if (found instanceof AbortController && !found.signal.aborted) return found;
  const made = new AbortController();
  Reflect.set(globalThis, noted, made);
  return made;
}

const closing = ofThisWindow();

/** Aborts when this window closes: what is asked of the host meanwhile has nobody to answer. */
export const windowClosing: AbortSignal = closing.signal;

/** Called once, by VS Code through `deactivate`. */
export function closeWindow(): void {
  closing.abort();
}
