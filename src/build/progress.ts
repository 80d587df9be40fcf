/** Says what is being done; always on stderr, so that stdout stays for results. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Announces a step, does it, and says how long it took. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  say(`> ${name}`);
  const result = await work();
  say(`  done: ${name} (${formatSeconds(performance.now() - started)})`);
  return result;
}

function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
