import type Docker from 'dockerode';
import type { ImageStep } from '../../core/images/image.js';
import type { Watching } from '../../core/images/imageDriver.js';

/**
 * Resolves when the engine has said all about a pull or a build, and hands over what it says. Rejects with what it says went wrong
 * (it does so in the middle of an answer that began well), or with the signal's reason.
 */
export async function finished(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  { onStep, signal }: Watching,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let problem: string | undefined;
  const onEvent = (event: unknown): void => {
    const said = record(event);
    if (typeof said['error'] === 'string') problem ??= said['error'].trim();
    const step = stepOf(said);
    if (step) onStep?.(step);
  };
  const abort = (): void => {
    if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
    reject(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  docker.modem.followProgress(stream, error => (error ? reject(error) : resolve()), onEvent);
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  if (problem !== undefined) throw new Error(problem);
}

function stepOf(said: Readonly<Record<string, unknown>>): ImageStep | undefined {
  const { id, status, stream, progressDetail } = said;
  const text = typeof stream === 'string' ? stream.trimEnd() : typeof status === 'string' ? status : '';
  if (text === '') return undefined;
  const { current, total } = record(progressDetail);
  return {
    id: typeof id === 'string' ? id : '',
    text,
    ...(typeof current === 'number' ? { currentBytes: current } : {}),
    ...(typeof total === 'number' ? { totalBytes: total } : {}),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
