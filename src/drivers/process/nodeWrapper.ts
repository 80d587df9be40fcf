/**
 * What `shellWrapper.ts` is, for systems without a POSIX shell. Same files, same order, same arguments; see there for the
 * table of interleavings. Called as `node -e <this> MUSTER_RUN_ID=<run> <options as JSON> <run directory> <file for stdin> <command> <arguments…>`.
 *
 * `options.verbatim`: the arguments are already quoted for Windows. `options.electron`: Node is VS Code's own binary, and the
 * variable that makes it Node is not for the CLI.
 */
export const nodeWrapper = String.raw`
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const [, , json, dir, input, command, ...args] = process.argv;
const options = JSON.parse(json);
let stopped;
for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGBREAK']) {
  // Some systems lack some of them.
  try { process.on(signal, () => { stopped = signal; }); } catch {}
}
// Whoever has it decides about the run: another wrapper, or a host that gave it up.
try { fs.closeSync(fs.openSync(path.join(dir, 'started'), 'wx', 0o600)); } catch { process.exit(0); }

function identify() {
  const byClock = { group: process.pid, start: String(Math.round(Date.now() - process.uptime() * 1000)), boot: '' };
  if (process.platform !== 'linux') return byClock;
  const fields = fs.readFileSync('/proc/self/stat', 'utf8').replace(/^.*\) /s, '').split(' ');
  return { group: Number(fields[2]), start: fields[19], boot: fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
}
function write(name, value) {
  const file = fs.openSync(path.join(dir, name), fs.constants.O_WRONLY | fs.constants.O_CREAT, 0o600);
  try { fs.writeSync(file, JSON.stringify(value).padEnd(255) + '\n', 0); } finally { fs.closeSync(file); }
}
function end(exit, tries = 0) {
  // A full disk: for a minute it is tried again, unless the directory is gone.
  try { write('exit.json', exit); process.exit(0); } catch {
    if (tries >= 60 || !fs.existsSync(dir)) process.exit(1);
    setTimeout(end, 1000, exit, tries + 1);
  }
}

write('pid', { pid: process.pid, ...identify() });
if (options.electron) delete process.env.ELECTRON_RUN_AS_NODE;
if (stopped) end({ signal: stopped });
else {
  const stdio = [fs.openSync(input, 'r'), fs.openSync(path.join(dir, 'stdout.ndjson'), 'a', 0o600), fs.openSync(path.join(dir, 'stderr.log'), 'a', 0o600)];
  const child = spawn(command, args, { stdio, windowsHide: true, windowsVerbatimArguments: options.verbatim });
  child.on('error', error => {
    // The exit code says it as well.
    try { fs.writeSync(stdio[2], String(error.message) + '\n'); } catch {}
    end({ code: error.code === 'ENOENT' ? 127 : 126 });
  });
  child.on('exit', (code, signal) => end(signal ? { signal } : { code }));
}
`;
