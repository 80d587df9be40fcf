/** Says what is being done; always on stderr, so that stdout stays for results. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A failure whose details have been printed already. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

process.on('uncaughtException', error => {
  say(error instanceof BuildError ? error.message : String(error.stack));
  process.exit(1);
});

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
