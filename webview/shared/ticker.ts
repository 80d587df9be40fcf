/** One timer for all texts that grow older by themselves; it stands while the view is hidden. */

/** Durations are shown in seconds. */
const everyMs = 1000;
const subscribers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Calls back about once a second; the result unsubscribes. */
export function onTick(callback: () => void): () => void {
  subscribers.add(callback);
  update();
  return () => {
    subscribers.delete(callback);
    update();
  };
}

function update(): void {
  const wanted = subscribers.size > 0 && !document.hidden;
  if (wanted && timer === undefined) timer = setInterval(tick, everyMs);
  if (!wanted && timer !== undefined) {
    clearInterval(timer);
    timer = undefined;
  }
}

function tick(): void {
  for (const callback of subscribers) callback();
}

document.addEventListener('visibilitychange', () => {
  update();
  if (!document.hidden) tick();
});
