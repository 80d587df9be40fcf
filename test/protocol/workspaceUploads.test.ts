import { execFileSync } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, testRepository } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "date > stamp.txt"]}
agents:
  gardener: {provider: shell}
`;

test('files and archives are put into a workspace, in the place of its agent and nowhere else', async () => {
  const home = testHome(await buildPrograms());
  const repository = testRepository({ 'agent-compose.yml': file });
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const given = await home.muster(['dispatch', 'gardener', 'Plant', '--wait', '--json'], { cwd: repository });
  const { thread_id: threadId } = JSON.parse(given.stdout) as { thread_id: string };
  const base = `${daemon.url}/api/agent-compose/workspaces/${threadId}`;
  const headers = { Authorization: `Bearer ${await daemon.token()}` };
  const get = async (path: string, init: RequestInit = {}) => await fetch(`${base}${path}`, { headers, ...init });
  const form = (path: string, text: string | Buffer, kind = 'file'): RequestInit => {
    const body = new FormData();
    body.set('file', new File([new Uint8Array(Buffer.from(text))], 'seeds.txt'));
    body.set('path', path);
    body.set('upload_type', kind);
    return { method: 'POST', body };
  };
  const put = async (...sent: Parameters<typeof form>): Promise<number> => (await get('/upload', form(...sent))).status;
  expect(await (await get('/upload', form('beds/', 'beans\n'))).json()).toMatchObject({
    data: { path: 'beds/seeds.txt', size: 6 },
  });
  expect(await (await get('/download?path=beds/seeds.txt')).text()).toBe('beans\n');
  expect(await put('beds/seeds.txt', "it's\0binary")).toBe(200);
  expect(await (await get('/download?path=beds/seeds.txt')).text()).toBe("it's\0binary");
  const folder = testRepository({ 'rows/one.txt': 'peas\n' });
  const archive = execFileSync('tar', ['-cf', '-', '-C', folder, 'rows']);
  expect(await put('beds', archive, 'archive')).toBe(200);
  expect(await (await get('/download?path=beds/rows/one.txt')).text()).toBe('peas\n');
  for (const path of ['../out', '/etc/passwd', '.git/config', 'beds/.GIT/hooks/x', 'a\nb'])
    expect(await put(path, 'x'), path).toBe(400);
  expect(await put('beds', 'x')).toBe(409);
  expect(await put('big', Buffer.alloc(2 * 1024 * 1024))).toBe(413);
  expect(await put('x', 'x', 'magic')).toBe(400);
  expect((await get('/upload', { method: 'POST', body: 'no form' })).status).toBe(400);
  expect((await get('/upload')).status).toBe(405);
  const reading = await daemon.token('--name', 'reading', '--scope', 'read');
  expect((await get('/upload', { ...form('x', 'x'), headers: { Authorization: `Bearer ${reading}` } })).status).toBe(
    403,
  );
  // What the agent put in the way leads nowhere else.
  const outside = tempDirectory();
  const { thread } = await (await home.connect()).threads.getThread({ threadId });
  symlinkSync(outside, join(thread?.worktree ?? '', 'away'));
  symlinkSync(join(outside, 'new'), join(thread?.worktree ?? '', 'link'));
  for (const path of ['away/stolen', 'away/new/stolen', 'link']) expect(await put(path, 'x'), path).toBe(409);
  expect(readdirSync(outside)).toEqual([]);
  expect((await fetch(`${base}/upload`, form('x', 'x'))).status).toBe(401);
});
