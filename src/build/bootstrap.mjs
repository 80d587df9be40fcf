/**
 * `npm start`, `npm test`, `npm run bench` and `npm run soak` enter here. Runs on any Node that npm runs on and needs no
 * package: installs the dependencies if they are missing or old, then goes on under the Node that came with them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutNpm } from './provision/npmEnvironment.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [command, ...args] = process.argv.slice(2);
const script = join(root, 'src', 'build', `${command}.ts`);
if (!command || !existsSync(script)) {
  console.error('usage: node src/build/bootstrap.mjs start|test|bench|soak [arguments]');
  process.exit(2);
}

const why = whatIsStale();
if (why) install(why);
continueWith(script);

/** Why `node_modules` cannot be used as it is, or undefined. npm writes its record last, so a broken-off install has none. */
function whatIsStale() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'they are not installed';
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  for (const [path, { version, optional, link }] of Object.entries(wanted)) {
    if (path === '' || link) continue;
    if (!present[path] && optional) continue;
    if (present[path]?.version !== version) return `${path} should be ${version}`;
  }
  return existsSync(nodeProgram()) ? undefined : 'Node 24 is missing';
}

function install(reason) {
  console.error(`> Installing dependencies with npm: ${reason}`);
  const started = Date.now();
  const npm = process.env.npm_execpath;
  // Not `npm ci`: it refuses to start where a registry lacks the packages of some other platform. Of what npm says only
  // errors: a line per package that wants a newer Node than the one which installs is no news, it gets that Node.
  // No scripts but Node's own, which fetches its binary: npm would compile the database library, which brings binaries for every
  // platform, on machines that may have no compiler and no headers.
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const done =
    runNpm(npm, ['install', '--no-save', '--ignore-scripts', ...quiet]) && runNpm(npm, ['rebuild', 'node', ...quiet]);
  if (!done) {
    console.error('npm install failed; its messages are above. Mend what they name and run the command again.');
    process.exit(1);
  }
  console.error(`  done: dependencies (${((Date.now() - started) / 1000).toFixed(0)} s)`);
}

function runNpm(npm, npmArgs) {
  const options = { cwd: root, stdio: 'inherit', env: withoutNpm(process.env) };
  const result = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...npmArgs], options)
    : spawnSync('npm', npmArgs, { ...options, shell: process.platform === 'win32' });
  return result.status === 0;
}

function nodeProgram() {
  return join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

function continueWith(path) {
  const binaries = join(root, 'node_modules', '.bin');
  const child = spawn(nodeProgram(), ['--disable-warning=ExperimentalWarning', path, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...withoutNpm(process.env), PATH: `${binaries}${delimiter}${process.env.PATH}` },
  });
  // A terminal sends Ctrl-C to the child as well; this process only has to outlive it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  child.on('error', error => {
    console.error(`Could not start ${nodeProgram()}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
