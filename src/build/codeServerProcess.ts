import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { provideCodeServer } from './provision/codeServer.ts';
import { runCommand } from './runCommand.ts';

export interface CodeServerOptions {
  /** Settings, state and logs; created when missing. */
  readonly userDataDir: string;
  readonly extensionsDir: string;
  /** Tried first; any free port otherwise. */
  readonly port?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Keep VS Code's question whether the folder is trusted; default false. */
  readonly askForTrust?: boolean;
  /** Further arguments of code-server. */
  readonly args?: readonly string[];
}

/** VS Code in a browser: a workbench served on the loopback interface, with a real extension host. */
export interface CodeServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Settles when the server has ended, whoever ended it. */
  readonly ended: Promise<void>;
}

/** How long a start may take on a busy machine before it is called broken. */
const startDeadlineMs = 60_000;
const stopGraceMs = 5_000;

/** Starts code-server and waits until it answers. Disposing ends it with everything it started. */
export async function startCodeServer(options: CodeServerOptions): Promise<CodeServer> {
  const entry = await provideCodeServer();
  const port = await freePort(options.port ?? 0);
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    process.execPath,
    [
      entry,
      ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
      ...directories(options),
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
      ...(options.askForTrust ? [] : ['--disable-workspace-trust']),
      ...(options.args ?? []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment(options.env), detached: process.platform !== 'win32' },
  );
  const output: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8')));
  const ended = once(child, 'exit').then(() => undefined);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      signalGroup(child, 'SIGTERM');
      await Promise.race([ended, delay(stopGraceMs, undefined, { ref: false })]);
    }
    // The extension host may outlive the server for a moment; nothing of it may stay.
    signalGroup(child, 'SIGKILL');
    await ended;
  };
  const deadline = performance.now() + startDeadlineMs;
  while (!(await answers(`${url}/healthz`))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`code-server did not start on ${url}:\n${output.join('').slice(-4000)}`);
    }
    await delay(100);
  }
  return { url, ended, [Symbol.asyncDispose]: stop };
}

/** Installs a `.vsix` where a code-server with these directories finds it. */
export async function installExtension(vsix: string, options: CodeServerOptions): Promise<void> {
  const entry = await provideCodeServer();
  await runCommand(process.execPath, [entry, ...directories(options), '--install-extension', vsix, '--force'], {
    env: cleanEnvironment(options.env),
    output: 'capture',
  });
}

function directories(options: CodeServerOptions): readonly string[] {
  return ['--user-data-dir', options.userDataDir, '--extensions-dir', options.extensionsDir];
}

/** Inside a terminal of VS Code, code-server would forward its arguments to that window instead of starting. */
function cleanEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('VSCODE_') && name !== 'ELECTRON_RUN_AS_NODE');
  return Object.fromEntries(kept.filter(([name]) => name !== 'PORT' && name !== 'PASSWORD'));
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    response => response.ok,
    () => false,
  );
}

async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  const port = await new Promise<number | undefined>(resolve => {
    server.once('error', () => resolve(undefined));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : undefined);
    });
  });
  await new Promise(resolve => server.close(resolve));
  return port ?? freePort(0);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Everything in the group has ended.
  }
}
