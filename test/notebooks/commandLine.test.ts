import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { keysOf, documentedExample } from '../support/documentedExample.ts';
import { notebookWorld, withJupyter } from '../support/guestNotebooks.js';
import { buildPrograms, type Programs } from '../support/hostProcess.js';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('muster jupyter', () => {
  it('starts a server, executes code whose names stay, keeps images, lists and stops', async () => {
    const world = await notebookWorld(programs);
    const { thread } = world;
    const env = { PATH: withJupyter(world.home) };
    const muster: typeof world.home.muster = (args, call) => world.home.muster(args, { ...call, env });
    const musterJson: typeof world.home.musterJson = (args, call) => world.home.musterJson(args, { ...call, env });
    const started = await musterJson(['jupyter', 'start', thread]);
    expect(started).toMatchObject({ thread_id: thread, state: 'ready', kernels: 0 });
    expect(keysOf(started)).toEqual(keysOf(documentedExample('jupyter start')));

    expect(await muster(['jupyter', 'exec', thread, 'kept = 20; print("one")'])).toMatchObject({
      status: 0,
      stdout: 'one\n',
    });
    const image = `from IPython.display import Image, display\nimport base64\ndisplay(Image(base64.b64decode("${png}")))\nkept + 1`;
    const folder = join(world.home.env['HOME'] ?? '', 'results');
    const shown = await musterJson(['jupyter', 'exec', thread, '--outputs', folder], { input: image });
    expect(shown).toMatchObject({
      status: 'ok',
      execution_count: 2,
      outputs: [{ type: 'display_data' }, { type: 'execute_result', text: '21\n', file: null }],
    });
    expect(keysOf(shown)).toEqual(keysOf(documentedExample('jupyter exec')));
    expect(readFileSync(join(folder, 'output-1.png')).toString('base64')).toBe(png);

    const failed = await muster(['jupyter', 'exec', thread, '1/0']);
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('ZeroDivisionError');

    const cells = await musterJson(['jupyter', 'cells', thread]);
    expect(keysOf(cells)).toEqual(keysOf(documentedExample('jupyter cells')));
    expect((cells as { cells: { source: string }[] }).cells.map(({ source }) => source)).toEqual([
      'kept = 20; print("one")',
      image,
      '1/0',
    ]);
    expect(await musterJson(['jupyter'])).toMatchObject({ servers: [{ thread_id: thread, state: 'ready' }] });
    expect((await muster(['jupyter', 'stop', thread])).stdout).toBe(
      `The Jupyter server of thread ${thread} is stopped.\n`,
    );
  });
});
