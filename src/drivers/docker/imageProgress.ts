import type Docker from 'dockerode';
import type { ImageStep } from '../../core/images/image.js';
import type { Watching } from '../../core/images/imageDriver.js';
import { fieldOf, numberField, textField } from '../../base/unknownFields.js';

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
    const error = fieldOf(event, 'error');
    if (typeof error === 'string') problem ??= error.trim();
    const step = stepOf(event);
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

function stepOf(said: unknown): ImageStep | undefined {
  const stream = fieldOf(said, 'stream');
  const text = typeof stream === 'string' ? stream.trimEnd() : textField(said, 'status');
  if (text === '') return undefined;
  const progress = fieldOf(said, 'progressDetail');
  const currentBytes = numberField(progress, 'current');
  const totalBytes = numberField(progress, 'total');
  return {
    id: textField(said, 'id'),
    text,
    ...(currentBytes === undefined ? {} : { currentBytes }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
  };
}
