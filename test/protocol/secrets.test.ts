import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const token = `tok-${randomBytes(18).toString('hex')}`;
const pin = 'x7q2';
const keyLines = [1, 2, 3].map(() => randomBytes(48).toString('base64'));
const pem = ['-----BEGIN PRIVATE KEY-----', ...keyLines, '-----END PRIVATE KEY-----'].join('\n');
const written = 'literal-"secret"-in-the-file';

/** Says its secrets in every way, one half of them only when it may go on. */
const agent = `
name: secrets
providers:
  talker:
    command: bash
    args:
      - -c
      - |
        tell() {
          echo "token is $TOKEN."; echo "pin $PIN"; printf '%s\\n' "$PEM"; echo "$WRITTEN"
          printf '%s' "\${TOKEN:0:9}"; sleep 0.2; printf '%s\\n' "\${TOKEN:9}"
          echo "error: $TOKEN and $PIN" >&2
          node -e 'console.log(JSON.stringify({a: JSON.stringify(process.env)}))'
        }
        tell
        while [ -e "$HOLD" ]; do sleep 0.05; done
        tell
        echo "the answer is $TOKEN"
    env:
      HOLD: "\${HOLD}"
    output: {format: text}
agents:
  dev:
    provider: talker
    env:
      TOKEN: {value: "\${TOKEN}", secret: true}
      PIN: {value: "\${PIN}", secret: true}
      PEM: {value: "\${PEM}", secret: true}
      WRITTEN: {value: ${JSON.stringify(written)}, secret: true}
`;

/** Whatever of the secrets is in the text. */
function shown(text: string): readonly string[] {
  const plain = text.replaceAll('\\', '');
  const traces = [token, token.slice(9), token.slice(0, 16), written, written.slice(0, 14), ...keyLines];
  return [...traces.filter(trace => plain.includes(trace)), ...(/\bx7q2\b/.test(plain) ? [pin] : [])];
}

async function everythingToldOf(home: TestHome, thread: string): Promise<string> {
  const calls = [
    ['logs', thread],
    ['logs', thread, '--raw'],
    ['logs', thread, '--json'],
    ['ps', '--json'],
    ['inspect', thread],
  ];
  const told = [];
  for (const call of calls) told.push((await home.muster(call)).stdout);
  return told.join('\n');
}

function everyFileOf(stateDir: string): string {
  const runs = join(stateDir, 'runs');
  const files = readdirSync(runs, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  const kept = files.map(file => readFileSync(join(file.parentPath, file.name), 'latin1'));
  const database = ['muster.db', 'muster.db-wal', 'host.log'].map(name => join(stateDir, name));
  return [...kept, ...database.filter(path => existsSync(path)).map(path => readFileSync(path, 'latin1'))].join('\n');
}

test(
  'what an agent was given in secret is shown nowhere and kept nowhere, also by a host that never had it',
  { timeout: 240_000 },
  async () => {
    const home = testHome(programs);
    const repository = testRepository({ 'agent-compose.yml': agent });
    const hold = join(home.env['HOME'] ?? '', 'hold');
    writeFileSync(hold, '');
    const env = { HOLD: hold, TOKEN: token, PIN: pin, PEM: pem };
    expect(await home.muster(['up', '--yes'], { cwd: repository, env })).toMatchObject({ status: 0 });
    const { thread_id: thread } = (await home.musterJson(['dispatch', 'dev', 'Tell all'], {
      cwd: repository,
      env,
    })) as {
      thread_id: string;
    };
    const raw = async (): Promise<string> => (await home.muster(['logs', thread, '--raw'])).stdout;
    await expect.poll(raw, { timeout: 60_000, interval: 300 }).toContain('HOLD');
    expect(shown(await everythingToldOf(home, thread))).toEqual([]);

    // The next host knows none of the values: it was started by a call without them.
    await home.killHost();
    expect(shown(await everythingToldOf(home, thread))).toEqual([]);
    rmSync(hold);
    expect(await home.muster(['wait', thread, '--timeout', '60'])).toMatchObject({ status: 0 });
    const told = await everythingToldOf(home, thread);
    expect(told).toContain('the answer is ***');
    expect(told).toContain('-----BEGIN PRIVATE KEY-----');
    expect(shown(told)).toEqual([]);
    expect(shown(everyFileOf(home.stateDir))).toEqual([]);

    await home.muster(['daemon', 'stop']);
    expect(shown(await everythingToldOf(home, thread))).toEqual([]);
  },
);
