import { writeSync } from 'node:fs';
// As a whole: an older Node does not have everything, and would end before it could be told so.
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { oldNodeText } from '../base/oldestNode.js';
import { homeFolder, workingFolder } from '../node/person.js';
import { exitStatus } from './exitStatus.js';

const tooOld = oldNodeText(process.versions.node);
if (tooOld !== undefined) {
  writeSync(process.stderr.fd, `muster: ${tooOld}\n`);
  process.exit(exitStatus.failed);
}

// Most of the time of a short command is compiling what it is made of. In the person's own folder: whoever can write what is
// there decides what runs, and Node's default is below the temporary folder, where agents in a sandbox may write.
const home = homeFolder();
const caches = process.env['XDG_CACHE_HOME'] || (home === undefined ? undefined : join(home, '.cache'));
if (caches !== undefined) module.enableCompileCache(join(caches, 'muster', 'compiled'));

const stop = new AbortController();

/** The first asks everything to end, the second ends the process: nothing may keep a person from leaving. */
function onSignal(status: number): void {
  if (stop.signal.aborted) process.exit(status);
  stop.abort();
}
process.on('SIGINT', () => onSignal(exitStatus.interrupted));
process.on('SIGTERM', () => onSignal(143));

/** What this ends with when nothing more of its output arrives; heard of in the middle, or after everything was said. */
let cutStatus: number | undefined;
/** `muster logs | head` is not an error of anyone; a disk that is full is, and is said once. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (cutStatus !== undefined) return;
  cutStatus = error.code === 'EPIPE' ? exitStatus.ok : exitStatus.failed;
  process.exitCode = cutStatus;
  stop.abort();
  if (cutStatus === exitStatus.ok) return;
  try {
    writeSync(2, `muster: The output cannot be written: ${error.message}.\n`);
  } catch {
    // It goes to the same disk.
  }
}
process.stdout.on('error', onOutputError);
let stdin: NodeJS.ReadStream | undefined;
let stderr: NodeJS.WriteStream | undefined;

// Read after the cache is in place, so that it comes from there.
const { runCli } = await import('./runCli.js');
const status = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  cwd: workingFolder(),
  bundleDir: dirname(fileURLToPath(import.meta.url)),
  stdout: process.stdout,
  // Made when they are used: each costs a tenth of the start.
  get stdin() {
    return (stdin ??= process.stdin);
  },
  get stderr() {
    return (stderr ??= process.stderr.on('error', onOutputError));
  },
  signal: stop.signal,
});
process.exitCode = cutStatus ?? status;
// What is still being read from is of no use any more, and would keep the process alive.
stdin?.destroy();
// Whether the last of it arrived is known in the next turn. Then everything is said and done, and what is left would be taking the
// heap apart, which takes as long as a short command's own work.
await new Promise(resolve => setImmediate(resolve));
if (process.stdout.writableLength + (stderr?.writableLength ?? 0) === 0) process.exit();
