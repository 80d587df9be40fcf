import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { tempDirectory } from './tempDirectory.ts';

/** Somebody at a terminal of this machine. */
export interface OwnTerminal {
  /** What was shown until now, keys that were typed among it. */
  said(): string;
  type(keys: string): void;
  /** As a window that changes its size. */
  resize(rows: number, columns: number): void;
  /** The window is closed. */
  kill(): void;
  /** The exit status. */
  readonly ended: Promise<number | null>;
}

/** Runs a command in a terminal of this machine. */
export function openTerminal(
  words: readonly string[],
  at: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly rows: number;
    readonly columns: number;
  },
): OwnTerminal {
  const name = join(tempDirectory('muster-terminal'), 'tty');
  const command = words.map(word => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const script = `stty rows ${at.rows} cols ${at.columns}; tty >${name}; exec ${command}`;
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', script, '/dev/null'], {
    cwd: at.cwd,
    env: { ...at.env, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString('utf8')));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    said: () => said,
    type: keys => void child.stdin.write(keys),
    resize(rows, columns) {
      expect(existsSync(name)).toBe(true);
      const tty = readFileSync(name, 'utf8').trim();
      execFileSync('stty', ['-F', tty, 'rows', String(rows), 'cols', String(columns)]);
    },
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}
