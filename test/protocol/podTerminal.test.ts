import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';
import { carrying } from '../support/carriedPrograms.ts';
import { buildPrograms, type Programs } from '../support/hostProcess.ts';
import { openTerminal } from '../support/shellInTerminal.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

const soon = { timeout: 60_000 };

// `script`, which makes the terminal, is util-linux's.
describe.runIf(process.platform === 'linux')('the program that leads into pods', () => {
  let programs: Programs;
  beforeAll(async () => {
    programs = await buildPrograms();
  });

  function wordsFor({ cluster }: Awaited<ReturnType<typeof carrying>>, ...rest: readonly string[]): readonly string[] {
    const kubeconfig = join(tempDirectory(), 'config');
    writeFileSync(kubeconfig, cluster.config.exportConfig());
    const where = ['--kubeconfig', kubeconfig, '--namespace', 'default', '--container', 'agent'];
    return [process.execPath, join(programs.folder, 'podTerminal.js'), ...where, ...rest];
  }

  test('passes on keys and sizes of its terminal, shows what comes as it comes, and ends with the exit status', async () => {
    const told: string[] = [];
    const place = await carrying({ autoPong: true }, socket => {
      socket.on('message', (data: Buffer) => {
        const text = data.subarray(1).toString('utf8');
        told.push(`${data[0]}:${text}`);
        const exit = { status: 'Failure', details: { causes: [{ reason: 'ExitCode', message: '7' }] } };
        if (text === 'q') socket.send(Buffer.from(`\x03${JSON.stringify(exit)}`));
        // As a full-screen program does it: a line feed goes down, and nothing else.
        if (text.includes('"Height":30')) socket.send(Buffer.from('\x01a\nb\r\nc'));
      });
    });
    const words = wordsFor(place, '--tty', 'pod', '--', 'sh');
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/' };
    const terminal = openTerminal(words, { cwd: '/', env, rows: 30, columns: 100 });
    await expect.poll(terminal.said, soon).toBe('a\nb\r\nc');
    terminal.type('\x03');
    await expect.poll(() => told, soon).toContain('0:\x03');
    terminal.resize(40, 120);
    await expect.poll(() => told, soon).toContain('4:{"Width":120,"Height":40}');
    terminal.type('q');
    expect(await terminal.ended).toBe(7);
    expect(terminal.said()).toBe('a\nb\r\nc');
  });

  test.each(['nobody reads any more', 'it is asked to end'] as const)(
    'ends what it began when %s, which the cluster would leave there',
    async how => {
      const place = await carrying({ autoPong: true }, (socket, query) => runHere(socket, query.getAll('command')));
      const [node = '', ...words] = wordsFor(place, 'pod', '--', 'sh', '-c', 'echo $$; exec yes');
      const child = spawn(node, words, { stdio: ['pipe', 'pipe', 'inherit'] });
      const ended = new Promise(resolve => child.once('close', resolve));
      const [first] = (await once(child.stdout, 'data')) as [Buffer];
      const inside = Number(first.toString('utf8').split('\n')[0]);
      expect(isAlive(inside)).toBe(true);
      if (how === 'it is asked to end') child.kill('SIGTERM');
      else child.stdout.destroy();
      await ended;
      await expect.poll(() => isAlive(inside), soon).toBe(false);
    },
  );
});

/** A pod that is this machine. As in a cluster, what runs there does not end with its connection. */
function runHere(socket: WebSocket, [command = '', ...args]: readonly string[]): void {
  const child = spawn(command, args, { stdio: 'pipe', detached: true });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdout.on('data', (bytes: Buffer) => {
    child.stdout.pause();
    socket.send(Buffer.concat([Buffer.from([1]), bytes]), error => void (error ?? child.stdout.resume()));
  });
  child.once('exit', () => socket.send(Buffer.from('\x03{"status":"Success"}')));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
