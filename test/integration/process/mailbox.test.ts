import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask } from '../../../src/agentMcp/mailbox.js';
import { silentLog } from '../../../src/base/log.js';
import type { RunId } from '../../../src/base/ids.js';
import { createProcessSandbox } from '../../../src/drivers/process/createProcessSandbox.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { countingIds } from '../../support/ids.js';
import { maskOf } from '../../support/secretMasks.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

async function runWithMail() {
  const stateDir = tempDirectory();
  const run: RunId = countingIds().next();
  const mask = maskOf('very-secret-value');
  const { directory, mailbox } = createProcessSandbox({
    stateDir,
    maskOf: () => mask,
    clock: createNodeClock(),
    log: silentLog,
  });
  await directory.create(run, { spec: {}, prompt: '', files: {}, mail: true });
  const dir = directory.path(run);
  return { run, mailbox, dir, mail: join(dir, 'mail') };
}

describe('the mailbox of a run', () => {
  test('takes letters of several writers at once, and each gets its own answer', async () => {
    const { run, mailbox, dir } = await runWithMail();
    const heard = Promise.withResolvers<void>();
    const subscription = mailbox.subscribe(run, () => {
      for (const { number, body } of mailbox.unanswered(run)) mailbox.answer(run, number, { echo: body });
      heard.resolve();
    });
    const letters = Array.from({ length: 20 }, (_, index) => ({ kind: 'question', text: `${index}` }));
    const { signal } = new AbortController();
    const answers = await Promise.all(letters.map(letter => ask(dir, letter, signal)));
    await heard.promise;
    await subscription.dispose();
    expect(answers).toEqual(letters.map(echo => ({ echo })));
    expect(mailbox.unanswered(run)).toEqual([]);
    expect(readdirSync(join(dir, 'mail')).filter(name => !/^\d+\.(ask|answer)\.json$/.test(name))).toEqual([]);
  });

  // A folder in which nothing can be made, for root as well. Trying the next number would never end.
  test.skipIf(process.platform !== 'linux')(
    'says so when nothing can be written, instead of trying for ever',
    async () => {
      const dir = tempDirectory();
      symlinkSync('/proc/self/fdinfo', join(dir, 'mail'));
      await expect(ask(dir, { kind: 'question', text: 'x' }, new AbortController().signal)).rejects.toMatchObject({
        code: expect.stringMatching(/^E(?!EXIST)/),
      });
    },
  );

  test('hides the secrets of the run', async () => {
    const { run, mailbox, mail } = await runWithMail();
    writeFileSync(join(mail, '1.ask.json'), JSON.stringify({ text: 'my very-secret-value' }));
    expect(JSON.stringify(mailbox.unanswered(run))).not.toContain('very-secret');
  });

  test.skipIf(process.platform === 'win32')(
    'neither follows links nor waits at a FIFO nor reads without end',
    async () => {
      const { run, mailbox, mail, dir } = await runWithMail();
      writeFileSync(join(dir, 'elsewhere.json'), '{"kind":"question","text":"x"}');
      symlinkSync(join(dir, 'elsewhere.json'), join(mail, '1.ask.json'));
      execFileSync('mkfifo', [join(mail, '2.ask.json')]);
      writeFileSync(join(mail, '3.ask.json'), JSON.stringify({ text: 'x'.repeat(1_000_000) }));
      mkdirSync(join(mail, '4.ask.json'));
      writeFileSync(join(mail, '5.ask.json'), 'not JSON');
      expect(mailbox.unanswered(run)).toEqual([1, 2, 3, 4, 5].map(number => ({ number, body: undefined })));
      // An answer is written beside them, whatever stands at its name.
      symlinkSync(join(dir, 'target'), join(mail, '5.answer.json'));
      mailbox.answer(run, 5, { decision: 'allow' });
      expect(existsSync(join(dir, 'target'))).toBe(false);
      expect(readFileSync(join(mail, '5.answer.json'), 'utf8')).toContain('allow');
    },
  );

  test.skipIf(process.platform === 'win32')('that became a link elsewhere is not read and not answered', async () => {
    const { run, mailbox, mail, dir } = await runWithMail();
    rmSync(mail, { recursive: true });
    const elsewhere = join(dir, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, '1.ask.json'), '{}');
    symlinkSync(elsewhere, mail);
    expect(mailbox.unanswered(run)).toEqual([]);
    mailbox.answer(run, 1, { decision: 'allow' });
    expect(readdirSync(elsewhere)).toEqual(['1.ask.json']);
  });
});
