import { Duplex } from 'node:stream';
import type { FarProgram } from '../guests/farContainer.js';
import type { VmStream } from './vmRuntime.js';

/** Both directions as one stream of Node's; a half that has ended leaves the other open, as with TCP. */
export function duplexOf(stream: VmStream): Duplex {
  const far = new Duplex({
    allowHalfOpen: true,
    read() {
      stream.read().then(
        bytes => far.push(bytes ?? null),
        (error: Error) => far.destroy(error),
      );
    },
    write(bytes: Uint8Array, _encoding, done) {
      stream.write(bytes).then(() => done(), done);
    },
    final(done) {
      stream.end().then(() => done(), done);
    },
    destroy(error, done) {
      stream.close().then(
        () => done(error),
        () => done(error),
      );
    },
  });
  return far;
}

/** A program inside, as what follows runs elsewhere takes it. */
export function programOf(stream: VmStream): FarProgram {
  const both = duplexOf(stream);
  return { output: both, input: both, end: () => both.destroy() };
}
