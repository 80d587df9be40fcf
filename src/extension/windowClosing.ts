const closing = new AbortController();

/** Aborts when this window closes: what is asked of the host meanwhile has nobody to answer. */
export const windowClosing: AbortSignal = closing.signal;

/** Called once, by VS Code through `deactivate`. */
export function closeWindow(): void {
  closing.abort();
}
