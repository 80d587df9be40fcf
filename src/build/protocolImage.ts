import { readFile, rm } from 'node:fs/promises';
import { inRepository } from './paths.ts';
import { runCommand } from './runCommand.ts';

/** Relative to the checkout: our own API as it was when it was last promised to stay. Every later form has to understand its clients. */
const promisedImage = 'test/fixtures/protocol/muster.v1.binpb';

/** Descriptors of our own API, with the comments of the `.proto` files. */
export async function readProtocolImage(): Promise<Uint8Array> {
  const file = inRepository('out', `protocol-${process.pid}.binpb`);
  try {
    await buf(['build', '--path', 'muster', '--output', file]);
    return await readFile(file);
  } finally {
    await rm(file, { force: true });
  }
}

/** Promises the API as it is now. */
export async function promiseProtocol(): Promise<void> {
  await buf(['build', '--path', 'muster', '--exclude-source-info', '--output', inRepository(promisedImage)]);
}

/** What clients of the promised API would trip over in the one below `folder`, a line each; empty: nothing. */
export async function breakingChanges(folder = inRepository('src', 'protocol')): Promise<string> {
  return await buf(['breaking', '--path', 'muster', '--against', inRepository(promisedImage)], folder);
}

/** Exit code 100: it found something. */
const found = 100;

async function buf(words: readonly string[], cwd = inRepository('src', 'protocol')): Promise<string> {
  const compiler = inRepository('node_modules', '@bufbuild', 'buf', 'bin', 'buf');
  const options = { cwd, accept: [0, found], output: 'capture' } as const;
  return (await runCommand(process.execPath, [compiler, ...words], options)).stdout;
}
